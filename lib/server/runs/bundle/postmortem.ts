import type { StoredReceipt } from '#shared/evidence/bundle.ts';
import { runName } from '#shared/run-name.ts';
import type { Run } from '#shared/runs.ts';
import { inline, slope, VERDICT_WORDS } from './report.ts';

type Moment = { at: string; words: string };

/** A draft: what the run knows is filled in, what only people know is asked for. */
export function writePostmortem(run: Run, receipts: readonly StoredReceipt[]): string {
  const of = (verdict: Run['verdict']) => run.targets.filter((t) => t.verdict === verdict);
  const names = (targets: Run['targets']) => targets.map((t) => inline(t.name)).join(', ');
  const open = run.targets.filter((t) => t.verdict !== 'pass');
  return [
    `# Postmortem (draft): ${inline(run.runbook.title)}`,
    '',
    `Written from run ${runName(run.id)} (${run.id}) and its ${receipts.length} receipts. Lines marked *To fill in* are for people.`,
    '',
    '## Summary',
    '',
    `${inline(run.summary)}.`,
    '',
    '## Impact',
    '',
    `- Nodes: ${names(run.targets)}`,
    `- Tunnels were cut on every node whose service was restarted: ${names(run.targets.filter(restarted)) || 'none'}`,
    '- *To fill in*: who noticed what, from when to when',
    '',
    '## Timeline (UTC)',
    '',
    ...moments(run).map(({ at, words }) => `- ${at} ${inline(words)}`),
    '- *To fill in*: when it began, when it was noticed, who was called',
    '',
    '## What was measured',
    '',
    ...run.targets.map((t) => {
      const [before, after] = [t.judgement?.before, t.judgement?.after];
      const verdict = t.verdict === null ? 'not judged' : VERDICT_WORDS[t.verdict];
      return `- ${inline(t.name)}: ${verdict}; before ${before ? slope(before) : 'not measured'}, after ${after ? slope(after) : 'not measured'}`;
    }),
    '',
    '## Cause',
    '',
    '- *To fill in*. A count that fell with a restart is no proof: a restart frees every leaked fd.',
    '',
    '## What is left to do',
    '',
    ...(open.length === 0 ? [] : [`- Not shown to be fixed: ${names(open)}`]),
    ...(of('fail').length === 0 ? [] : [`- Not fixed: ${names(of('fail'))}`]),
    '- *To fill in*: owner and date for each action',
    '',
  ].join('\n');
}

const restarted = (target: Run['targets'][number]): boolean =>
  target.steps.some((s) => s.kind === 'service' && (s.status === 'succeeded' || s.status === 'failed')) || target.status === 'rolled-back';

function moments(run: Run): Moment[] {
  const list: Moment[] = [{ at: run.createdAt, words: `${run.startedBy} started ${run.runbook.key} on ${run.targets.length} node(s)` }];
  for (const target of run.targets)
    for (const step of target.steps) {
      const at = step.finishedAt ?? step.startedAt;
      const tells = step.status === 'failed' || step.status === 'inconclusive' || TELLING.includes(step.kind);
      if (at !== null && tells) list.push({ at, words: `${target.name}: ${step.title}, ${step.status}: ${step.summary}` });
      if (step.gate?.answer && step.gate.at)
        list.push({ at: step.gate.at, words: `${target.name}: ${step.gate.by} answered ${step.gate.answer}` });
    }
  if (run.finishedAt !== null) list.push({ at: run.finishedAt, words: `the run ended ${run.status}` });
  return list.sort((a, b) => a.at.localeCompare(b.at));
}

const TELLING: readonly string[] = ['baseline', 'edit-config', 'service', 'verify-process', 'watch', 'set-limit', 'capture'];
