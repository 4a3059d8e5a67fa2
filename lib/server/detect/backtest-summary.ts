import type { BacktestNode, BacktestRuleKey, BacktestSummary } from '#shared/backtest.ts';
import { ABOUT_REACH, BACKTEST_RULES } from '#shared/backtest.ts';
import { plural } from '#shared/units/count.ts';
import { formatDuration } from '#shared/units/time.ts';

/** What a rule would have been good for, over all nodes that it was replayed on. */
export function summariseBacktest(key: BacktestRuleKey, nodes: readonly BacktestNode[]): BacktestSummary {
  const firings = nodes.flatMap((node) => node.firings);
  const lives = ABOUT_REACH.has(key) ? [] : nodes.flatMap((node) => node.lives);
  const of = (outcome: string) => firings.filter((firing) => firing.outcome === outcome).length;
  const full = lives.filter(({ truth }) => truth === 'emfile');
  const leaks = lives.filter(({ truth }) => truth === 'emfile' || truth === 'leaked');
  const leads = full.flatMap(({ leadSeconds }) => (leadSeconds === null ? [] : [leadSeconds])).sort((a, b) => a - b);
  const nodeDays = nodes.reduce((sum, node) => sum + node.watchedDays, 0);
  const counts = {
    ...{ nodes: nodes.length, nodeDays, firings: firings.length },
    ...{ right: of('right'), falseAlarms: of('false-alarm'), undecided: of('undecided') },
    falseAlarmsPerNodeDay: nodeDays > 0 ? of('false-alarm') / nodeDays : null,
    ...{ emfiles: full.length, emfilesWarned: leads.length },
    ...{ leaks: leaks.length, leaksCaught: leaks.filter(({ firedAt }) => firedAt !== null).length },
    medianLeadSeconds: leads[leads.length >> 1] ?? null,
  };
  return { ...counts, sentence: sentenceOf(key, counts) };
}

function sentenceOf(key: BacktestRuleKey, counts: Omit<BacktestSummary, 'sentence'>): string {
  const { firings, right, falseAlarms, undecided, emfiles, emfilesWarned, leaks, leaksCaught, medianLeadSeconds, nodeDays } = counts;
  if (nodeDays === 0) return 'There are no samples in this range: nothing was replayed';
  const { title } = BACKTEST_RULES[key];
  const parts = [`${right} right`, plural(falseAlarms, 'false alarm'), ...(undecided > 0 ? [`${undecided} undecided`] : [])];
  const fired = firings === 0 ? `${title} would not have fired` : `${title} would have fired ${times(firings)}: ${parts.join(', ')}`;
  if (ABOUT_REACH.has(key)) return `${fired}.`;
  const leaked = leaks === 0 ? 'no process leaked' : `${leaksCaught} of ${plural(leaks, 'leaking process', 'leaking processes')} caught`;
  const lead = medianLeadSeconds === null ? '' : `, ${formatDuration(medianLeadSeconds)} before`;
  const warned = emfiles === 0 ? '' : `; EMFILE announced in ${emfilesWarned} of ${emfiles}${lead}`;
  return `${fired}; ${leaked}${warned}.`;
}

const times = (count: number): string => (count === 1 ? 'once' : plural(count, 'time'));
