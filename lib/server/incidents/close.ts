import type { Cause } from '#shared/incident-rules.ts';
import type { ClosingCriterion } from '#shared/incidents.ts';
import type { LeakVerdict } from '#shared/nodes.ts';
import { formatCount } from '#shared/units/count.ts';
import { formatDuration } from '#shared/units/time.ts';

/** What a node of an incident shows now, as far as closing goes. */
export type NodeProof = {
  name: string;
  /** it fired something in this incident; a node that a person added alone proves nothing */
  hadSignals: boolean;
  firing: number;
  /** when the last of its signals ended; null while one fires, or there was none */
  quietSince: number | null;
  /** a run that was judged fixed after the last signal began, R-4F2K9 */
  fixedBy: string | null;
  verdict: LeakVerdict;
  /** since the process that runs now began; null where nobody counts */
  accepted: number | null;
  processAgeMs: number | null;
};
export type Closing = { ready: boolean; criteria: ClosingCriterion[] };

/** How long nothing may fire before an incident closes. */
const QUIET_MS: Record<Cause, number> = {
  ...{ 'fd-leak': 600_000, 'fd-pressure': 600_000, 'by-hand': 600_000, unreachable: 300_000, 'run-stuck': 60_000 },
  ...{ 'config-drift': 60_000, 'host-key': 60_000 },
};
/** Below this many connections a leak has had no chance to show. */
const LEAST_ACCEPTED = 200;
/** Where connections are not counted, time has to do. */
const LEAST_AGE_MS = 30 * 60_000;

/**
 * What has to hold before an incident closes by itself, and how far it is. A restart frees every leaked fd, so a low count closes nothing: about fds it
 * takes a judgement of the process that runs now, under load, or a run that proved the fix. Pure.
 */
export function closingOf(cause: Cause, nodes: readonly NodeProof[], now: number): Closing {
  const judged = nodes.filter((n) => n.hadSignals);
  if (judged.length === 0)
    return {
      ready: false,
      criteria: [{ key: 'person', label: 'A person says that it is over', done: 0, total: 1, detail: 'no rule fired in it' }],
    };
  const quiet = (n: NodeProof) => n.fixedBy !== null || (n.firing === 0 && n.quietSince !== null && now - n.quietSince >= QUIET_MS[cause]);
  const criteria = [
    criterion('quiet', `No rule fires for ${formatDuration(QUIET_MS[cause] / 1000)}`, judged, quiet, (n) =>
      n.firing > 0 ? 'still fires' : 'not yet for so long',
    ),
  ];
  if (cause === 'fd-leak' || cause === 'fd-pressure' || cause === 'by-hand') {
    criteria.push(
      criterion(
        'judged',
        'Not leaking, judged on the process that runs now, or fixed by a run',
        judged,
        (n) => n.fixedBy !== null || n.verdict === 'not-leaking',
        (n) => (n.verdict === 'leaking' ? 'leaks' : 'can’t tell yet: a low count after a restart proves nothing'),
      ),
      criterion('load', `${formatCount(LEAST_ACCEPTED)} connections or more since its start`, judged, loaded, (n) =>
        n.accepted === null ? 'too young, and its connections are not counted' : `${formatCount(n.accepted)} so far`,
      ),
    );
  }
  return { ready: criteria.every(({ done, total }) => done === total), criteria };
}

const loaded = (n: NodeProof): boolean =>
  n.fixedBy !== null || (n.accepted === null ? (n.processAgeMs ?? 0) >= LEAST_AGE_MS : n.accepted >= LEAST_ACCEPTED);

function criterion(
  key: string,
  label: string,
  nodes: readonly NodeProof[],
  holds: (n: NodeProof) => boolean,
  why: (n: NodeProof) => string,
): ClosingCriterion {
  const missing = nodes.filter((n) => !holds(n));
  const [first] = missing;
  const more = missing.length > 1 ? `, and ${missing.length - 1} more` : '';
  return {
    key,
    label,
    done: nodes.length - missing.length,
    total: nodes.length,
    detail: first ? `${first.name}: ${why(first)}${more}` : null,
  };
}

/** In words, for the timeline and the audit. */
export function closingWords(nodes: readonly NodeProof[]): string {
  const judged = nodes.filter((n) => n.hadSignals);
  const runs = [...new Set(judged.map((n) => n.fixedBy).filter((run) => run !== null))];
  const fixed = judged.filter((n) => n.fixedBy !== null).length;
  const rest = judged.length - fixed;
  return [
    ...(fixed > 0 ? [`${runs.join(', ')} proved the fix on ${fixed} of ${judged.length} nodes`] : []),
    ...(rest > 0
      ? [
          `nothing fires any more on ${rest === judged.length ? (rest === 1 ? (judged[0]?.name ?? 'the node') : `its ${rest} nodes`) : `the other ${rest}`}`,
        ]
      : []),
  ].join('; ');
}
