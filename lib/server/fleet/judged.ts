import { assessLeak } from '#server/detect/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import type { MetricStore } from '#server/metrics/index.ts';
import type { Sample } from '#shared/metrics.ts';
import type { Leak } from '#shared/nodes.ts';
import type { Band } from '#shared/time.ts';

/** What is worked out from a node's samples. */
export type Judged = {
  leak: Leak;
  timeToEmfileSeconds: Band | null;
  acceptedPerSecond: number | null;
  sparkline: (number | null)[];
};

const MINUTE_MS = 60_000;
const SPARK_POINTS = 60;
const RATE_WINDOW_MS = 75_000;
/** A verdict needs fresh samples: what a silent node did before says nothing of now. */
const FRESH_MS = 5 * MINUTE_MS;
/** Judging costs about a millisecond: with many nodes each is judged less often, so that it never takes more than a tenth of the time. */
const SHARE_MS_PER_NODE = 10;
const SHARE = 10;
/** Who asks waits this much for judgements; the rest are judged one after the other meanwhile, and told to who asks next. */
const ALLOWANCE_MS = 40;
/** Fewer are judged at once, however long that takes. */
const FEW_NODES = 50;

/** Judges each node once per new sample (with many nodes: less often), whoever asks and how often. */
export function createJudge(metrics: Pick<MetricStore, 'recent' | 'last'>, clock: Clock) {
  type Entry = Judged & { sampleAt: number; minute: number; judgedAt: number };
  const entries = new Map<string, Entry>();
  const waiting = new Set<string>();
  let allowance = { ms: ALLOWANCE_MS, at: performance.now() };
  let judging = false;
  let wait = 0;

  function judge(nodeId: string): Entry {
    const now = clock.now();
    const last = metrics.last(nodeId);
    const minute = Math.floor(now / MINUTE_MS);
    const stale = last === null || now - last.at > FRESH_MS;
    const samples = metrics.recent(nodeId, 0);
    const { timeToEmfileSeconds, ...leak } = stale ? unknownLeak(last, now) : assessLeak({ now, samples });
    const entry: Entry = {
      ...{ leak, timeToEmfileSeconds, sampleAt: last?.at ?? 0, minute, judgedAt: now },
      acceptedPerSecond: acceptRate(samples, now),
      sparkline: sparkline(samples, minute),
    };
    entries.set(nodeId, entry);
    waiting.delete(nodeId);
    return entry;
  }

  /** One after the other, each followed by nine times as long for everything else. */
  function judgeWaiting(): void {
    if (judging) return;
    judging = true;
    setTimeout(() => {
      judging = false;
      const [nodeId] = waiting;
      if (nodeId === undefined) return;
      const started = performance.now();
      judge(nodeId);
      wait = (performance.now() - started) * (SHARE - 1);
      judgeWaiting();
    }, wait).unref();
  }

  return {
    of(nodeId: string, now: number, nodeCount: number): Judged {
      const last = metrics.last(nodeId);
      const before = entries.get(nodeId);
      const minute = Math.floor(now / MINUTE_MS);
      const due = !before || before.sampleAt !== (last?.at ?? 0) || before.minute !== minute;
      if (before && (!due || now - before.judgedAt < SHARE_MS_PER_NODE * (nodeCount - 1))) return before;
      const started = performance.now();
      allowance = { ms: Math.min(ALLOWANCE_MS, allowance.ms + (started - allowance.at) / SHARE), at: started };
      if (nodeCount > FEW_NODES && allowance.ms <= 0) {
        waiting.add(nodeId);
        judgeWaiting();
        return before ?? NOT_YET;
      }
      const entry = judge(nodeId);
      allowance.ms -= performance.now() - started;
      return entry;
    },
    keepOnly(nodeIds: ReadonlySet<string>): void {
      for (const id of entries.keys()) if (!nodeIds.has(id)) entries.delete(id);
      for (const id of waiting) if (!nodeIds.has(id)) waiting.delete(id);
    },
  };
}

const NOT_YET: Judged = {
  leak: {
    verdict: 'cannot-tell',
    perMinute: null,
    per1000Connections: null,
    missing: 'a first judgement: the nodes are looked at one after the other, all of them within a minute',
  },
  timeToEmfileSeconds: null,
  acceptedPerSecond: null,
  sparkline: new Array<number | null>(SPARK_POINTS).fill(null),
};

function unknownLeak(last: Sample | null, now: number): Leak & { timeToEmfileSeconds: null } {
  const missing =
    last === null ? 'a first sample' : `fresh samples: the last one is ${Math.round((now - last.at) / MINUTE_MS)} minutes old`;
  return { verdict: 'cannot-tell', perMinute: null, per1000Connections: null, missing, timeToEmfileSeconds: null };
}

/** Over the last minute or so of the present process life. */
function acceptRate(samples: readonly Sample[], now: number): number | null {
  const counted = samples.slice(-100).filter((s) => s.acceptedTotal !== null && s.at >= now - RATE_WINDOW_MS);
  const last = counted[counted.length - 1];
  const first = counted.find((s) => s.processStart === last?.processStart);
  if (!first || !last || last.at <= first.at) return null;
  return Math.max(0, ((last.acceptedTotal ?? 0) - (first.acceptedTotal ?? 0)) / ((last.at - first.at) / 1000));
}

/** The peak of each of the last 60 minutes, the present one included. */
function sparkline(samples: readonly Sample[], minute: number): (number | null)[] {
  const points = new Array<number | null>(SPARK_POINTS).fill(null);
  for (let i = samples.length - 1; i >= 0; i--) {
    const sample = samples[i];
    if (!sample) break;
    const at = Math.floor(sample.at / MINUTE_MS) - minute + SPARK_POINTS - 1;
    if (at < 0) break;
    if (at < SPARK_POINTS && sample.openFds !== null) points[at] = Math.max(points[at] ?? 0, sample.openFds);
  }
  return points;
}
