import { assessLeak } from '#server/detect/index.ts';
import type { Sample } from '#shared/metrics.ts';
import type { NodeState } from '#shared/node-states.ts';
import type { Leak } from '#shared/nodes.ts';
import type { Band } from '#shared/time.ts';

/** All that the rules look at of one node at one moment. `null` = not known, which neither fires nor clears a rule. */
export type NodeView = {
  now: number;
  state: NodeState;
  stateReason: string | null;
  /** the newest one; null when there is none or it is stale */
  sample: Sample | null;
  leak: Leak;
  timeToEmfileSeconds: Band | null;
  drift: boolean;
  hostKeyBlocked: boolean;
  /** a run is changing the node */
  changing: boolean;
  /** `least`: the fewest in CLOSE_WAIT of this process in the last half hour; `claimed`: what the pool gauge said at that moment */
  sockets: { closeWait: number; least: number; established: number; claimed: number | null } | null;
  /** lines of the last ten minutes that say "too many open files", and the last of them */
  journal: { lines: number; last: string | null } | null;
  stuckRun: { id: string; minutes: number; doing: string } | null;
  /** of the last time that was bought and is not over: minutes until it runs out; null when none was */
  boughtMinutesLeft: number | null;
};

/** A verdict needs fresh samples: what a silent node did before says nothing of now. */
export const FRESH_MS = 5 * 60_000;

/** A node as stored samples alone tell of it, for rules that are replayed: those that need more (sockets, journal, runs) find nothing known. */
export function viewOfSamples(samples: readonly Sample[], now: number): NodeView {
  const last = samples.at(-1);
  const sample = last && now - last.at <= FRESH_MS ? last : null;
  const { timeToEmfileSeconds, ...leak } = sample
    ? assessLeak({ now, samples })
    : { verdict: 'cannot-tell' as const, perMinute: null, per1000Connections: null, timeToEmfileSeconds: null };
  return {
    ...{ now, sample, leak, timeToEmfileSeconds, stateReason: null, drift: false, hostKeyBlocked: false, changing: false },
    state: sample === null ? 'unknown' : sample.source === 'ssh-proc' ? 'scrape-blind' : 'up',
    ...{ sockets: null, journal: null, stuckRun: null, boughtMinutesLeft: null },
  };
}
