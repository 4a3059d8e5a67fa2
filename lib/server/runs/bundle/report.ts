import type { StoredReceipt } from '#shared/evidence/bundle.ts';
import { runName } from '#shared/run-name.ts';
import { hasEnded, type Run, type RunTarget, type VERDICTS } from '#shared/runs.ts';

export type ReportInput = {
  run: Run;
  receipts: readonly StoredReceipt[];
  exportedAt: string;
  fingerprint: string;
  charts: ReadonlyMap<string, string>;
};

export const VERDICT_WORDS = { pass: 'fixed', fail: 'not fixed', inconclusive: 'inconclusive' } as const satisfies Record<
  (typeof VERDICTS)[number],
  string
>;

/** The run for people, with what each receipt said and the hash of its raw output. */
export function writeReport({ run, receipts, exportedAt, fingerprint, charts }: ReportInput): string {
  return [
    `# ${inline(run.runbook.title)}: run ${runName(run.id)}`,
    '',
    `- Run: ${run.id}`,
    `- Result: ${run.status}${run.verdict === null ? '' : `, ${VERDICT_WORDS[run.verdict]}`}`,
    `- Summary: ${inline(run.summary)}`,
    `- Runbook: ${run.runbook.key}, version ${run.runbook.version} (its text is in runbook.md)`,
    `- Nodes: ${run.targets.length}, selected by ${code(run.selector)}`,
    `- Started by ${inline(run.startedBy)} at ${run.createdAt}; ${hasEnded(run.status) ? `ended at ${run.finishedAt}` : 'it had not ended when this was written'}`,
    ...(run.dryRun ? ['- A dry run: nothing was changed'] : []),
    `- Written at ${exportedAt}, signed by the console's key ${fingerprint}`,
    '',
    ...run.targets.flatMap((target) =>
      reportTarget(
        target,
        receipts.filter((r) => r.nodeId === target.nodeId),
        charts.get(target.nodeId),
      ),
    ),
  ].join('\n');
}

function reportTarget(target: RunTarget, receipts: readonly StoredReceipt[], chart: string | undefined): string[] {
  const { judgement } = target;
  const side = (name: string, s: NonNullable<typeof judgement>['before']) =>
    s === null
      ? []
      : [`- ${name}: ${slope(s)}, from ${s.window.from} to ${s.window.to}, at a process age of ${Math.round(s.processAge)} s`];
  return [
    `## ${inline(target.name)}: ${target.status}${target.verdict === null ? '' : `, ${VERDICT_WORDS[target.verdict]}`}`,
    '',
    inline(target.summary),
    '',
    ...(judgement === null ? [] : [...side('Before', judgement.before), ...side('After', judgement.after), '']),
    ...(chart === undefined ? [] : [`![open fds of ${inline(target.name)}](${chart})`, '']),
    '| Step | Status | What it found |',
    '|---|---|---|',
    ...target.steps.map((s) => `| ${cell(s.title)} | ${s.status} | ${cell(s.summary)} |`),
    '',
    '| Time | Step | Receipt | Command | Exit | Value | Threshold | Verdict | sha256 of the output |',
    '|---|---|---|---|---|---|---|---|---|',
    ...receipts.map((r) =>
      [
        r.at,
        r.attempt > 1 ? `${r.step} (attempt ${r.attempt})` : r.step,
        r.title,
        r.command,
        r.exitCode,
        r.value,
        r.threshold,
        r.verdict,
        r.sha256,
      ]
        .map((v) => ` ${cell(v === null ? '' : String(v))} `)
        .join('|')
        .replace(/^/, '|')
        .concat('|'),
    ),
    '',
  ];
}

export function slope({ per1000Connections, perMinute }: NonNullable<NonNullable<RunTarget['judgement']>['before']>): string {
  const per1000 = per1000Connections && `${figures(per1000Connections)} fds per 1,000 connections`;
  return per1000 ?? (perMinute ? `${figures(perMinute)} fds a minute` : 'no slope');
}
const figures = ({ low, mid, high }: { low: number; mid: number; high: number }): string =>
  `${mid.toFixed(1)} (${low.toFixed(1)} to ${high.toFixed(1)})`;

/** Text of a node or a person stays text: it becomes neither a heading nor a link nor HTML. */
export const inline = (text: string): string => text.replace(/\s+/g, ' ').replace(/[\\`*_[\]<>#|]/g, '\\$&');
const cell = (text: string): string => inline(text.length > 300 ? `${text.slice(0, 300)}…` : text);
const code = (text: string): string => `\`${text.replace(/[`\n]/g, ' ')}\``;
