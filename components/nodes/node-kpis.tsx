'use client';
import { Kpi } from '#components/ui/kpi.tsx';
import { useNow } from '#components/ui/now.tsx';
import { DANGER_SECONDS, forecastOf, forecastWords, saidVerdict } from '#shared/node-words.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { formatBand, formatSlopeBand } from '#shared/units/band.ts';
import { formatCount, formatFigure, formatPercent, formatSigned } from '#shared/units/count.ts';
import { formatHourMinute, HORIZON_SECONDS, splitDuration } from '#shared/units/time.ts';

/** The verdict in words first, then the figures it stands on, each with its doubt. */
export function NodeKpis({ node, said }: { node: FleetNode; said?: string | undefined }) {
  const sentence = saidVerdict(node, said);
  const { perMinute, per1000Connections } = node.leak;
  const { openFds, fdLimit, headroom } = node;
  return (
    <section className="kpis node-kpis" aria-label="Verdict and figures">
      <div className="say">
        <div className="sm t3">Leak verdict, this process life only</div>
        <p>
          <b>{sentence.lead}</b> {sentence.rest}
        </p>
      </div>
      <Kpi
        label="Open fds"
        value={openFds === null ? '–' : formatCount(openFds)}
        detail={openFds === null || fdLimit === null ? 'no data' : `${formatPercent(openFds, fdLimit)} of ${formatCount(fdLimit)}`}
      />
      <Kpi
        label="Headroom"
        value={headroom === null ? '–' : formatCount(headroom)}
        detail={headroom === null || fdLimit === null ? 'no data' : `${formatPercent(headroom, fdLimit)} left`}
      />
      <Kpi
        label="Per 1,000 conn"
        value={per1000Connections ? formatSigned(per1000Connections.mid) : '–'}
        detail={
          per1000Connections
            ? `95 % ${formatFigure(per1000Connections.low)} to ${formatFigure(per1000Connections.high)}`
            : node.leak.missing
              ? `needs ${node.leak.missing}`
              : 'no data'
        }
      />
      <Kpi
        label="Slope"
        value={perMinute ? formatSigned(perMinute.mid) : '–'}
        unit={perMinute ? '/min' : undefined}
        detail={perMinute ? `95 % ${formatSlopeBand(perMinute)}` : 'no data'}
      />
      <EmfileKpi node={node} />
    </section>
  );
}

function EmfileKpi({ node }: { node: FleetNode }) {
  const now = useNow();
  const band = forecastOf(node);
  if (!band || band.low > HORIZON_SECONDS) {
    const words = forecastWords(node);
    return (
      <Kpi
        label="Time to EMFILE"
        value={words.text === 'over 30 d' ? 'over 30' : '–'}
        unit={words.text === 'over 30 d' ? 'd' : undefined}
        detail={words.text === 'over 30 d' ? 'at the present slope' : words.text}
      />
    );
  }
  const { figure, unit } = splitDuration(Math.min(band.mid, HORIZON_SECONDS));
  const soon = band.mid < 86_400 && now > 0;
  return (
    <Kpi
      label="Time to EMFILE"
      tone={band.low < DANGER_SECONDS ? 'danger' : undefined}
      value={figure}
      unit={unit}
      detail={`${formatBand(band)}${soon ? `, at ${formatHourMinute(now + band.mid * 1000)}` : ''}`}
    />
  );
}
