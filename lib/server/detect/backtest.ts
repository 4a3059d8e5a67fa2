import { ABOUT_REACH, type BacktestFiring, type BacktestLife, type BacktestRuleKey } from '#shared/backtest.ts';
import type { Sample } from '#shared/metrics.ts';
import { toInstant } from '#shared/time.ts';
import { type Alarm, emfileAlarm, leakAlarm } from './alarm.ts';
import { blindSeconds, gaugeOver, SILENT_STEPS } from './backtest-states.ts';
import { assessLeak } from './leak.ts';
import { firstAt, type Life, livesOf } from './lives.ts';
import { advance, QUIET } from './standing.ts';

/** `clear`: the number on whose good side it must be for `clearForSeconds` before it ends; a rule without a number to set ends by time alone. */
export type BacktestRule = {
  key: BacktestRuleKey;
  threshold: number;
  clear: number;
  windowMinutes: number;
  forSeconds: number;
  clearForSeconds: number;
};
export type Backtest = { watchedDays: number; firings: BacktestFiring[]; lives: BacktestLife[] };

/** `samples` are one node's in time order; those before `fromMs` are what was known when the range began. */
export type BacktestInput = { samples: readonly Sample[]; fromMs: number; toMs: number; everyMs: number; rule: BacktestRule };

/** The judgement looks back this far, as the console does. */
const JUDGED_MS = 30 * 3_600_000;
/** A silent node is not evaluated: neither the console nor Prometheus do (its look-back is 5 minutes). */
const FRESH_MS = 5 * 60_000;
/** As close to the limit as open fds come: the proxy refuses. */
const FULL_WITHIN = 2;
/** Evaluations between two pauses: a few milliseconds. */
const SLICE = 20;
const DAY_MS = 86_400_000;

/** A life with its instants as numbers. */
type LifeTruth = { life: BacktestLife; fromMs: number; endMs: number; emfileMs: number | null };

/** Replays a rule over stored samples in one go. */
export function backtest(input: BacktestInput): Backtest {
  const steps = replay(input);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The same in slices of a few milliseconds, for a process that has other things to do in between. */
export function* replay(input: BacktestInput): Generator<void, Backtest> {
  const { samples, fromMs, toMs, everyMs, rule } = input;
  const truths = livesIn(input);
  const firings: BacktestFiring[] = [];
  let standing = QUIET;
  let open: BacktestFiring | null = null;
  let count = 0;
  for (let now = fromMs; now <= toMs; now += everyMs) {
    const end = firstAt(samples, now + 1);
    const last = samples[end - 1];
    const alarm =
      rule.key === 'node-down' ? silent(rule, last, now, everyMs) : fresh(last, now) ? read(rule, samples, end, now) : unread(rule);
    const advanced = advance(standing, alarm, rule, now);
    standing = advanced.standing;
    if (advanced.change === 'fired') {
      open = firing(rule, now, { value: alarm.value, last, truths });
      firings.push(open);
    }
    if (advanced.change === 'cleared' && open !== null) {
      open.to = toInstant(now);
      open = null;
    }
    count += 1;
    if (count % SLICE === 0) yield;
  }
  if (!ABOUT_REACH.has(rule.key)) for (const truth of truths) noteFirst(truth, firings);
  return { watchedDays: watched(samples, fromMs, toMs) / DAY_MS, firings, lives: truths.map(({ life }) => life) };
}

const GOOD: Alarm = { is: 'good', value: null };
const UNKNOWN: Alarm = { is: 'unknown', value: null };
const badIf = (bad: boolean, value: number | null): Alarm => ({ is: bad ? 'bad' : 'good', value });
const above = (value: number, { threshold, clear }: BacktestRule): Alarm =>
  value >= threshold ? { is: 'bad', value } : { is: value <= clear ? 'good' : 'between', value };
const fresh = (last: Sample | undefined, now: number): boolean => last !== undefined && now - last.at <= FRESH_MS;

/** Of a silent node the console knows nothing, which neither fires nor clears; an expression of PromQL has no result, and its alert ends. */
const unread = ({ key }: BacktestRule): Alarm => (EXPRESSIONS.has(key) ? GOOD : UNKNOWN);
const EXPRESSIONS: ReadonlySet<BacktestRuleKey> = new Set(['headroom', 'slope', 'predict-linear']);

/** A node that was never read is not down. */
function silent(rule: BacktestRule, last: Sample | undefined, now: number, everyMs: number): Alarm {
  if (last === undefined) return GOOD;
  const value = (now - last.at) / 1000;
  return badIf(value >= Math.max(rule.threshold, (SILENT_STEPS * everyMs) / 1000), value);
}

/** The rule at one moment, with nothing later known: `samples[0, end)`. */
function read(rule: BacktestRule, samples: readonly Sample[], end: number, now: number): Alarm {
  const last = samples[end - 1];
  if (rule.key === 'leaking' || rule.key === 'time-to-emfile') {
    const { timeToEmfileSeconds: band, ...leak } = assessLeak({ now, samples: samples.slice(firstAt(samples, now - JUDGED_MS), end) });
    return rule.key === 'leaking' ? leakAlarm(leak, band, rule) : emfileAlarm(leak, band, rule);
  }
  if (rule.key === 'scrape-blind') {
    const value = blindSeconds(samples, end, now);
    return value === null ? UNKNOWN : badIf(value >= rule.threshold, value);
  }
  if (rule.key === 'pool-gauge') {
    const value = gaugeOver(last);
    return value === null ? UNKNOWN : above(value, rule);
  }
  if (!last || last.openFds === null) return GOOD;
  if (rule.key === 'headroom') {
    if (last.fdLimit === null || last.fdLimit <= 0) return GOOD;
    const free = (100 * Math.max(0, last.fdLimit - last.openFds)) / last.fdLimit;
    return { is: free < rule.threshold ? 'bad' : free >= rule.clear ? 'good' : 'between', value: free };
  }
  const line = straightLine(samples, firstAt(samples, now - rule.windowMinutes * 60_000), end, now);
  if (line === null) return GOOD;
  if (rule.key === 'slope') return badIf(line.perMinute > rule.threshold, line.perMinute);
  const limit = last.fdLimit;
  if (limit === null) return GOOD;
  const minutes = line.now >= limit ? 0 : line.perMinute > 0 ? (limit - line.now) / line.perMinute : null;
  return badIf(line.now + line.perMinute * rule.threshold >= limit, minutes);
}

/** Least squares through open fds in rows `[from, to)`, over restarts as deriv() and predict_linear() do; its height at `now`. */
function straightLine(samples: readonly Sample[], from: number, to: number, now: number): { perMinute: number; now: number } | null {
  let [n, sx, sy, xx, xy] = [0, 0, 0, 0, 0];
  for (let i = from; i < to; i += 1) {
    const row = samples[i];
    if (!row || row.openFds === null) continue;
    const x = (row.at - now) / 60_000;
    n += 1;
    sx += x;
    sy += row.openFds;
    xx += x * x;
    xy += x * row.openFds;
  }
  const spread = xx - (sx * sx) / n;
  if (n < 2 || spread <= 0) return null;
  const perMinute = (xy - (sx * sy) / n) / spread;
  return { perMinute, now: sy / n - (perMinute * sx) / n };
}

/** What each process life in the range was, judged by all of it. */
function livesIn({ samples, fromMs, toMs }: BacktestInput): LifeTruth[] {
  const end = firstAt(samples, toMs + 1);
  const inRange = livesOf(samples.slice(0, end)).filter((life) => (samples[life.to - 1]?.at ?? 0) >= fromMs);
  return inRange.map((life) => truthOf(samples, life, fromMs));
}

function truthOf(samples: readonly Sample[], { from, to, processStart }: Life, fromMs: number): LifeTruth {
  const rows = samples.slice(from, to);
  const [head, tail] = [rows[0], rows.at(-1)];
  const [start, stop] = [Math.max(fromMs, head?.at ?? fromMs), tail?.at ?? fromMs];
  const full = rows.find((row) => row.openFds !== null && row.fdLimit !== null && row.openFds >= row.fdLimit - FULL_WITHIN);
  const { verdict, timeToEmfileSeconds } = assessLeak({ now: stop, samples: rows });
  const truth = full ? 'emfile' : verdict === 'leaking' ? 'leaked' : verdict === 'not-leaking' ? 'healthy' : 'unknown';
  const projected = truth === 'leaked' && timeToEmfileSeconds !== null ? stop + timeToEmfileSeconds.mid * 1000 : null;
  const emfileMs = full?.at ?? projected;
  const life: BacktestLife = {
    ...{ from: toInstant(start), to: toInstant(stop), truth },
    processStart: processStart === null ? null : toInstant(processStart),
    emfileAt: emfileMs === null ? null : toInstant(Math.round(emfileMs)),
    ...{ firedAt: null, leadSeconds: null },
  };
  return { life, fromMs: start, endMs: stop, emfileMs };
}

function firing(
  { key }: BacktestRule,
  now: number,
  { value, last, truths }: { value: number | null; last: Sample | undefined; truths: readonly LifeTruth[] },
): BacktestFiring {
  const figures = { openFds: last?.openFds ?? null, fdLimit: last?.fdLimit ?? null };
  const begun = { from: toInstant(now), to: null, value, ...figures };
  // a page that did not answer did not; why no sample is there, no sample tells
  if (ABOUT_REACH.has(key)) return { ...begun, outcome: key === 'node-down' ? 'undecided' : 'right', leadSeconds: null };
  const truth = truths.findLast(({ fromMs }) => fromMs <= now);
  const was = truth?.life.truth ?? 'unknown';
  const outcome = was === 'unknown' ? 'undecided' : was === 'healthy' ? 'false-alarm' : 'right';
  return { ...begun, outcome, leadSeconds: outcome === 'right' ? leadOf(truth, now) : null };
}

const leadOf = (truth: LifeTruth | undefined, at: number): number | null =>
  truth && truth.emfileMs !== null && truth.emfileMs > at ? Math.round((truth.emfileMs - at) / 1000) : null;

/** A firing that began in an earlier life and went on counts for this one from its start. */
function noteFirst(truth: LifeTruth, firings: readonly BacktestFiring[]): void {
  const { life, fromMs, endMs } = truth;
  const found = firings.find(({ from, to }) => Date.parse(from) <= endMs && (to === null || Date.parse(to) > fromMs));
  if (!found) return;
  const at = Math.max(Date.parse(found.from), fromMs);
  life.firedAt = toInstant(at);
  life.leadSeconds = leadOf(truth, at);
}

/** Milliseconds in the range that samples vouch for. */
function watched(samples: readonly Sample[], fromMs: number, toMs: number): number {
  let sum = 0;
  const end = firstAt(samples, toMs + 1);
  for (let i = Math.max(1, firstAt(samples, fromMs)); i < end; i += 1) {
    const step = (samples[i]?.at ?? 0) - Math.max(fromMs, samples[i - 1]?.at ?? 0);
    if (step > 0 && step <= 4 * FRESH_MS) sum += step;
  }
  return sum;
}
