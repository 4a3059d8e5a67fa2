import type { MetricStore } from '#server/metrics/index.ts';
import type { Annotation } from '#shared/annotations.ts';
import { toInstant } from '#shared/time.ts';
import { drawableStep } from './history.ts';

/** One sample or one bucket, as far as it tells of restarts, gaps and blind stretches. */
type Reading = { fromMs: number; toMs: number; life: number | null; firstFds: number | null; lastFds: number | null; blind: boolean };

/** Longer ranges are read in buckets: what they tell is exact to a minute, restarts to the second. */
const RAW_MS = 6 * 3_600_000;
const MINUTES_MS = 48 * 3_600_000;
/** Before the range, so that its first restart knows the life before. */
const LOOK_BACK_MS = 10 * 60_000;
/** The longest time between two readings of a healthy node is 15 s. */
const SHORTEST_GAP_MS = 40_000;

/** What the samples of a node tell: restarts, gaps, blind stretches. Without what ended before the range. */
export async function happeningsOf(
  metrics: Pick<MetricStore, 'columns' | 'query'>,
  nodeId: string,
  range: { fromMs: number; toMs: number; now: number; hasPage: boolean },
): Promise<Annotation[]> {
  const { readings, stepMs } = await read(metrics, nodeId, range);
  const gapMs = Math.max(SHORTEST_GAP_MS, 2 * stepMs);
  const all = [
    ...restarts(readings, range.fromMs),
    ...gaps(readings, gapMs, range),
    ...(range.hasPage ? blindSpans(readings, gapMs, range.now) : []),
  ];
  const from = toInstant(range.fromMs);
  return all.filter((one) => one.to === null || one.to >= from);
}

async function read(
  metrics: Pick<MetricStore, 'columns' | 'query'>,
  nodeId: string,
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Promise<{ readings: Reading[]; stepMs: number }> {
  const span = toMs - fromMs;
  if (span <= RAW_MS) {
    const { at, processStart, source, values } = await metrics.columns(nodeId, fromMs - LOOK_BACK_MS, toMs + 1, ['openFds']);
    const readings = Array.from(at, (ms, i) => {
      const fds = known(values.openFds?.[i]);
      return { fromMs: ms, toMs: ms, life: known(processStart[i]), firstFds: fds, lastFds: fds, blind: source[i] === COUNTED_OVER_SSH };
    });
    if (readings.length > 0) return { readings, stepMs: 0 };
  }
  const asked = span <= MINUTES_MS ? 60 : Math.max(60, drawableStep(span));
  const { stepSeconds, buckets } = await metrics.query(nodeId, { fromMs: fromMs - LOOK_BACK_MS, toMs, stepSeconds: asked });
  const readings = buckets.map((b) => ({
    ...{ fromMs: b.firstAt, toMs: b.lastAt, life: b.processStart, firstFds: b.min.openFds, lastFds: b.last.openFds },
    blind: b.blind * 2 > b.samples,
  }));
  return { readings, stepMs: stepSeconds * 1000 };
}

function restarts(readings: readonly Reading[], fromMs: number): Annotation[] {
  const found: Annotation[] = [];
  let before: Reading | null = null;
  for (const reading of readings) {
    if (reading.life === null) continue;
    if (before ? before.life !== reading.life : reading.life >= fromMs) {
      // the node's clock may be wrong; the process began between the two readings
      const at = Math.min(reading.fromMs, Math.max(reading.life, before?.toMs ?? reading.life));
      const lived = before?.life == null ? null : Math.max(0, (before.toMs - before.life) / 1000);
      const instant = toInstant(at);
      if (at >= fromMs)
        found.push({
          ...{ kind: 'restart', from: instant, to: instant, livedSeconds: lived === null ? null : Math.round(lived) },
          ...{ fdsBefore: before?.lastFds ?? null, fdsAfter: reading.firstFds, runId: null },
        });
    }
    before = reading;
  }
  return found;
}

function gaps(readings: readonly Reading[], gapMs: number, { toMs, now }: { toMs: number; now: number }): Annotation[] {
  const found: Annotation[] = [];
  for (const [i, reading] of readings.entries()) {
    const next = readings[i + 1];
    const until = next ? next.fromMs : toMs;
    if (until - reading.toMs <= gapMs) continue;
    found.push({
      kind: 'gap',
      from: toInstant(reading.toMs),
      to: next ? toInstant(next.fromMs) : toMs >= now - gapMs ? null : toInstant(toMs),
    });
  }
  return found;
}

/** A stretch lasts until the page is read again, or to the last count. */
function blindSpans(readings: readonly Reading[], gapMs: number, now: number): Annotation[] {
  const found: Annotation[] = [];
  let open: { from: number; to: number } | null = null;
  const close = (to: number | null) => {
    if (open) found.push({ kind: 'blind', from: toInstant(open.from), to: to === null ? null : toInstant(to) });
    open = null;
  };
  for (const reading of readings) {
    if (open && reading.fromMs - open.to > gapMs) close(open.to);
    if (!reading.blind) close(reading.fromMs);
    else if (open) open.to = reading.toMs;
    else open = { from: reading.fromMs, to: reading.toMs };
  }
  const last = asOpen(open);
  if (last) close(now - last.to <= gapMs ? null : last.to);
  return found;
}

/** The compiler does not see that `close` and the loop change it. */
const asOpen = (open: unknown): { to: number } | null => open as { to: number } | null;

/** Of `source` in a sample row: the third of Sample['source']. */
const COUNTED_OVER_SSH = 2;
const known = (value: number | undefined): number | null => (value === undefined || Number.isNaN(value) ? null : value);
