import { setImmediate as others } from 'node:timers/promises';
import { type BacktestRule, replay, summariseBacktest } from '#server/detect/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { MetricStore } from '#server/metrics/index.ts';
import type { Nodes } from '#server/nodes/index.ts';
import {
  BACKTEST_RULES,
  type BacktestAnswer,
  type BacktestNode,
  type BacktestQuery,
  MOST_BACKTEST_NODES,
  usualClear,
} from '#shared/backtest.ts';
import type { FleetMember } from '#shared/nodes.ts';
import { toInstant } from '#shared/time.ts';
import { readHistory } from './history.ts';

const DAY_MS = 86_400_000;
const MAX_RANGE_MS = 31 * DAY_MS;
/** What the judgement looks back over. */
const KNOWN_MS = 30 * 3_600_000;
/** A rule is evaluated once a minute, less often over many nodes and long ranges: a judgement costs about 0.2 ms. */
const EVERY_MS = 60_000;
const MOST_EVALUATIONS = 15_000;
/** Below the time in which the API answers; what is not done by then is cut. */
const BUDGET_MS = 6500;
/** Questions at a time, with the one that is answered: who waits behind more would have no answer in time. */
const MOST_WAITING = 3;

export type Backtests = {
  /** throws request.invalid, selector.invalid, request.rate-limited */
  run(query: BacktestQuery, /** the others are not there */ only?: (node: FleetMember) => boolean): Promise<BacktestAnswer>;
};

/** Rules over stored history. One question at a time, in slices: collecting goes on in between. */
export function createBacktests(deps: {
  nodes: Pick<Nodes, 'match'>;
  metrics: Pick<MetricStore, 'raw' | 'query'>;
  facts: (member: FleetMember) => Record<string, string>;
  clock: Clock;
}): Backtests {
  let queue: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return {
    async run(query, only = () => true) {
      if (waiting >= MOST_WAITING)
        throw new HeadroomError(
          'request.rate-limited',
          `${waiting} backtests are asked for already, and each takes seconds: ask again in a moment`,
        );
      waiting++;
      const answer = queue.then(() => answerOf(deps, query, only)).finally(() => waiting--);
      queue = answer.catch(() => undefined);
      return answer;
    },
  };
}

async function answerOf(
  deps: Parameters<typeof createBacktests>[0],
  query: BacktestQuery,
  only: (node: FleetMember) => boolean,
): Promise<BacktestAnswer> {
  const { clock, metrics } = deps;
  const started = clock.now();
  const { fromMs, toMs } = rangeOf(query, started);
  const rule = ruleOf(query);
  const matched = (await deps.nodes.match(query.selector, deps.facts)).filter(only);
  const members = matched.slice(0, MOST_BACKTEST_NODES);
  const everyMs = Math.max(EVERY_MS, Math.ceil(((toMs - fromMs) * Math.max(1, members.length)) / MOST_EVALUATIONS));
  const nodes: BacktestNode[] = [];
  for (const { id, name } of members) {
    if (clock.now() - started > BUDGET_MS) break;
    const range = { knownFromMs: fromMs - KNOWN_MS, fromMs, toMs, nodes: members.length };
    const { samples, stepSeconds } = await readHistory(metrics, id, range);
    const steps = replay({ samples, fromMs, toMs, everyMs: Math.max(everyMs, stepSeconds * 1000), rule });
    let step = steps.next();
    while (!step.done) {
      await others();
      step = steps.next();
    }
    nodes.push({ nodeId: id, name, stepSeconds, ...step.value });
  }
  return {
    rule: { ...rule, windowMinutes: BACKTEST_RULES[rule.key].windowMinutes === null ? null : rule.windowMinutes },
    from: toInstant(fromMs),
    to: toInstant(toMs),
    summary: summariseBacktest(rule.key, nodes),
    nodes,
    cut: nodes.length < matched.length,
  };
}

function ruleOf(query: BacktestQuery): BacktestRule {
  const { rule: key, threshold, window, for: forSeconds } = query;
  const { threshold: spec, windowMinutes } = BACKTEST_RULES[key];
  const value = threshold ?? spec.default;
  if (value < spec.min || value > spec.max)
    throw invalid('threshold', `threshold is ${value}: for the rule ${key} it should be ${spec.min} to ${spec.max} ${spec.unit}`);
  if (window !== undefined && windowMinutes === null)
    throw invalid('window', `the rule ${key} takes no window: the judgement chooses its own`);
  const usual = usualClear(key, value);
  const clear = query.clear ?? usual.clear;
  const better = key === 'time-to-emfile' || key === 'headroom' ? clear >= value : clear <= value;
  if (!better)
    throw invalid('clear', `clear is ${clear}: for the rule ${key} it should be on the good side of the threshold, which is ${value}`);
  const clearForSeconds = query.clearFor ?? usual.clearForSeconds;
  return { key, threshold: value, clear, windowMinutes: window ?? windowMinutes ?? 0, forSeconds, clearForSeconds };
}

function rangeOf(query: BacktestQuery, now: number): { fromMs: number; toMs: number } {
  const toMs = Math.min(query.to ?? now, now);
  const fromMs = query.from ?? toMs - DAY_MS;
  if (fromMs >= toMs) throw invalid('from', `from is ${iso(fromMs)}: it should be before to, which is ${iso(toMs)}`);
  if (toMs - fromMs > MAX_RANGE_MS)
    throw invalid('from', `from is ${iso(fromMs)}, ${Math.ceil((toMs - fromMs) / DAY_MS)} days before to: 31 days are replayed at most`);
  return { fromMs, toMs };
}

const iso = (ms: number) => new Date(Math.min(ms, 8.64e15)).toISOString();

const invalid = (path: string, message: string) => new HeadroomError('request.invalid', message, { fields: [{ path, message }] });
