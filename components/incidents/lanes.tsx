import { Card } from '#components/ui/card.tsx';
import { useNow } from '#components/ui/now.tsx';
import { INCIDENT_RULES } from '#shared/incident-rules.ts';
import type { Incident } from '#shared/incidents.ts';
import { runName } from '#shared/run-name.ts';
import { formatHourMinute } from '#shared/units/time.ts';
import { isPressing } from './words.ts';

const MOST_LANES = 12;
const TICKS = 4;

type Bar = { from: number; to: number; kind: 'warn' | 'danger' | 'run'; words: string };

/** When what fired on which node, and what was done meanwhile. */
export function Lanes({ incident }: { incident: Incident }) {
  const now = useNow();
  const end = incident.closedAt === null ? now : Date.parse(incident.closedAt);
  const start = Math.min(Date.parse(incident.openedAt), ...incident.signals.map((s) => Date.parse(s.since))) - 60_000;
  const span = Math.max(60_000, end - start);
  const left = (at: number) => `${((Math.min(end, Math.max(start, at)) - start) / span) * 100}%`;
  const lanes = incident.nodes.slice(0, MOST_LANES).map(({ nodeId, name }) => ({ nodeId, name, bars: barsOf(incident, nodeId, end) }));
  if (lanes.every(({ bars }) => bars.length === 0)) return null;
  return (
    <Card
      title="Signals and runs"
      end={
        <span className="inc-legend hide-m">
          <i className="warn" /> wrong <i className="danger" /> pressing <i className="run" /> run
        </span>
      }
      footer={
        incident.nodes.length > MOST_LANES ? (
          <span>
            The first {MOST_LANES} of {incident.nodes.length} nodes.
          </span>
        ) : undefined
      }
    >
      <div className="inc-lanes">
        <div className="inc-axis" aria-hidden="true">
          <span />
          <div>
            {Array.from({ length: TICKS + 1 }, (_, i) => start + (span * i) / TICKS).map((at, i) => (
              <time key={at} style={{ left: `${(100 * i) / TICKS}%` }}>
                {formatHourMinute(at)}
              </time>
            ))}
          </div>
        </div>
        {lanes.map(({ nodeId, name, bars }) => (
          <div key={nodeId} className="inc-lane">
            <span className="ell t1" title={name}>
              {name}
            </span>
            <div role="img" aria-label={bars.length === 0 ? 'nothing' : bars.map(({ words }) => words).join('; ')}>
              {bars.map((bar) => (
                <i
                  key={`${bar.kind}-${bar.from}-${bar.words}`}
                  className={bar.kind}
                  title={bar.words}
                  style={{ left: left(bar.from), width: `max(3px, calc(${left(bar.to)} - ${left(bar.from)}))` }}
                />
              ))}
            </div>
          </div>
        ))}
      </div>
    </Card>
  );
}

function barsOf({ signals, timeline }: Incident, nodeId: string, end: number): Bar[] {
  const fired = signals
    .filter((s) => s.nodeId === nodeId)
    .map((s): Bar => {
      const to = s.until === null ? end : Date.parse(s.until);
      const from = Date.parse(s.since);
      const words = `${INCIDENT_RULES[s.rule].title}, ${formatHourMinute(from)} to ${s.until === null ? 'now' : formatHourMinute(to)}: ${s.summary}`;
      return { from, to, kind: isPressing(s.rule) ? 'danger' : 'warn', words };
    });
  const own = timeline.filter((e) => e.nodeId === nodeId && e.kind === 'run' && e.runId !== null);
  const runs = [...new Set(own.map((e) => e.runId ?? ''))].map((runId): Bar => {
    const of = own.filter((e) => e.runId === runId);
    const [first, last] = [of[0], of.at(-1)];
    const from = Date.parse(first?.at ?? '');
    const to = of.length > 1 ? Date.parse(last?.at ?? '') : end;
    return { from, to, kind: 'run', words: of.length > 1 ? (last?.text ?? '') : `${runName(runId)} goes on` };
  });
  return [...fired, ...runs];
}
