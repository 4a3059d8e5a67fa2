import { HeadroomError } from '#server/kernel/errors.ts';
import { type Chart, chartOfBuckets, chartOfColumns, columnsFor, type MetricStore, plainChart } from '#server/metrics/index.ts';
import { type NodeMetricsQuery, SERIES, type SeriesName } from '#shared/metrics.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MAX_RANGE_MS = 400 * DAY_MS;
/** Raw samples are drawn up to this range: 1,440 points at one in 5 s. */
const RAW_RANGE_MS = 2 * HOUR_MS;
/** More points than any screen has pixels. */
const DRAWABLE_POINTS = 1500;
const MAX_POINTS = 5000;
/** Of a question for every sample: 48 h at one in 5 s, and what a run read more often. */
const FULL_RANGE_MS = 48 * HOUR_MS;
const FULL_POINTS = 50_000;
/** Before the range, so that its first point has a rate. */
const LOOK_BACK_MS = 60_000;
/** Seconds; the ones that make readable axes. */
const STEPS = [10, 30, 60, 120, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86_400];

/** `stepSeconds` 0 = raw samples; `maxPoints` of them. */
export type Range = { fromMs: number; toMs: number; stepSeconds: number; maxPoints?: number };

/** The range asked for, made whole; the last hour unless said. Throws request.invalid, naming the field. */
export function rangeOf(query: NodeMetricsQuery, now: number): Range {
  const toMs = Math.min(query.to ?? now, now);
  const fromMs = query.from ?? toMs - HOUR_MS;
  if (fromMs >= toMs) throw invalid('from', `from is ${iso(fromMs)}: it should be before to, which is ${iso(toMs)}`);
  if (toMs - fromMs > MAX_RANGE_MS)
    throw invalid('from', `from is ${iso(fromMs)}, ${Math.ceil((toMs - fromMs) / DAY_MS)} days before to: 400 days are kept at most`);
  if (query.full) {
    if (toMs - fromMs <= FULL_RANGE_MS) return { fromMs, toMs, stepSeconds: 0, maxPoints: FULL_POINTS };
    throw invalid('full', `the range is ${Math.ceil((toMs - fromMs) / HOUR_MS)} hours: every sample is given of 48 hours at most`);
  }
  if (!query.step) return { fromMs, toMs, stepSeconds: toMs - fromMs <= RAW_RANGE_MS ? 0 : drawableStep(toMs - fromMs) };
  const points = Math.ceil((toMs - fromMs) / 1000 / query.step);
  if (points > MAX_POINTS) {
    const least = Math.ceil((toMs - fromMs) / 1000 / MAX_POINTS);
    throw invalid(
      'step',
      `step is ${query.step} s, which makes ${points} points: at most ${MAX_POINTS} are given, so it should be ${least} or more`,
    );
  }
  return { fromMs, toMs, stepSeconds: query.step };
}

export async function readChart(
  metrics: Pick<MetricStore, 'columns' | 'query'>,
  nodeId: string,
  range: Range,
  names: readonly SeriesName[] = SERIES,
): Promise<Chart & { stepSeconds: number }> {
  if (range.stepSeconds === 0) {
    const columns = await metrics.columns(nodeId, range.fromMs - LOOK_BACK_MS, range.toMs + 1, columnsFor(names));
    const samples = columns.at.length;
    if (samples > 0 && samples <= (range.maxPoints ?? MAX_POINTS))
      return { ...plainChart(chartOfColumns(columns, range, names), range.maxPoints !== undefined), stepSeconds: 0 };
  }
  // raw samples may be too many (a run watched closely) or not kept any more
  const asked = range.stepSeconds || drawableStep(range.toMs - range.fromMs);
  const { stepSeconds, buckets } = await metrics.query(nodeId, { fromMs: range.fromMs, toMs: range.toMs, stepSeconds: asked });
  return { ...chartOfBuckets(buckets, { ...range, stepSeconds }), stepSeconds };
}

export function drawableStep(spanMs: number): number {
  return STEPS.find((step) => spanMs / 1000 / step <= DRAWABLE_POINTS) ?? 86_400;
}

const iso = (ms: number) => new Date(Math.min(ms, 8.64e15)).toISOString();

const invalid = (path: string, message: string) => new HeadroomError('request.invalid', message, { fields: [{ path, message }] });
