import { assessLeak, assessFix as productFix } from '#server/detect/index.ts';
import type { Sample } from '#shared/metrics.ts';
import type { Interval } from '#shared/time.ts';

/** A row of the labelled traces; times in seconds on one clock. */
export type Row = Readonly<{
  t: number;
  processStart: number;
  openFds: number;
  fdLimit: number;
  connectionsActive: number | null;
  poolActive: number | null;
  poolIdle: number | null;
  acceptedTotal: number | null;
}>;

const toSample = (row: Row): Sample => ({
  at: row.t * 1000,
  processStart: row.processStart * 1000,
  openFds: row.openFds,
  fdLimit: row.fdLimit,
  connectionsActive: row.connectionsActive,
  connectionsStale: null,
  withoutBackend: null,
  poolActive: row.poolActive,
  poolIdle: row.poolIdle,
  baselineFds: null,
  acceptedTotal: row.acceptedTotal,
  refusedTotal: null,
  bytesTotal: null,
  errorsTotal: null,
  rssBytes: null,
  cpuSeconds: null,
  eventLoopLagSeconds: null,
  source: row.connectionsActive === null ? 'ssh-proc' : 'http',
});

/** A console keeps samples as it gets them, so the rows of a trace are translated once, not once per judgement. */
const kept = new WeakMap<Row, Sample[]>();

export function toSamples(rows: readonly Row[]): Sample[] {
  const first = rows[0];
  if (!first) return [];
  let all = kept.get(first);
  if (!all) {
    all = [];
    kept.set(first, all);
  }
  for (let i = all.length; i < rows.length; i += 1) {
    const row = rows[i];
    if (row) all.push(toSample(row));
  }
  return all.length === rows.length ? all : all.slice(0, rows.length);
}

type Look = { now: number; samples: readonly Row[]; control: readonly Row[] | null };

export function assess({ now, samples }: Look): {
  verdict: string;
  perMinute: Interval | null;
  per1000Connections: Interval | null;
  timeToEmfileSeconds: Interval | null;
} {
  const leak = assessLeak({ now: now * 1000, samples: toSamples(samples) });
  const eta = leak.timeToEmfileSeconds;
  return {
    verdict: leak.verdict,
    perMinute: leak.perMinute,
    per1000Connections: leak.per1000Connections,
    timeToEmfileSeconds: eta && { ...eta, high: eta.high ?? Number.POSITIVE_INFINITY },
  };
}

export function assessFix({ fixAt, samples, control }: Look & { fixAt: number }): { verdict: string } {
  const rows = toSamples(samples);
  const before = rows.filter((row) => row.at < fixAt * 1000);
  const after = rows.slice(before.length);
  const fix = productFix({ before, after, minConnections: 200, minSeconds: 600, control: control && toSamples(control) });
  return { verdict: fix.verdict === 'fixed' && !fix.wasLeaking ? 'inconclusive' : fix.verdict };
}
