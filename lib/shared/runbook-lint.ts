import { z } from 'zod';
import type { Runbook, RunbookStep, StepKind } from './runbooks.ts';
import { poolSettingsParamsSchema } from './runs.ts';

/** What a step of each kind may be told; the rest takes nothing. */
const gateParams = z.strictObject({
  question: z.string().min(1).max(400),
  default: z.string().min(1).max(200),
  options: z
    .array(z.strictObject({ value: z.string().min(1).max(200), label: z.string().min(1).max(200), danger: z.boolean().default(false) }))
    .min(1)
    .max(10),
});
/** A text may name `{node}`, `{run}` and `{params.name}`. */
export const notifyParamsSchema = z.strictObject({
  channel: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be the name of a channel: lower case letters, digits and dashes'),
  text: z
    .string()
    .min(1)
    .max(2000)
    .refine((text) => unknownNames(text).length === 0, {
      error: ({ input }) => `names ${unknownNames(String(input)).join(', ')}: it may name {node}, {run} and {params.…}`,
    }),
});
export type NotifyParams = z.infer<typeof notifyParamsSchema>;
const unknownNames = (text: string): string[] =>
  (text.match(/\{[^{}\s]*\}/g) ?? []).filter((name) => !/^\{(node|run|params\.[A-Za-z0-9_]+)\}$/.test(name));
const fromRun = z.literal('params');
const PARAMS: Partial<Record<StepKind, z.ZodType>> = {
  'edit-config': z.union([
    z.strictObject({ pool: poolSettingsParamsSchema.strict() }),
    z.strictObject({ poolFrom: fromRun }),
    z.strictObject({ restoreFrom: fromRun }),
  ]),
  service: z.strictObject({ action: z.enum(['restart', 'reload', 'reload-or-restart']) }),
  gate: gateParams,
  note: z.strictObject({ agree: z.boolean().optional() }),
  notify: notifyParamsSchema,
};
const NOTHING = z.strictObject({});

/** A step that must have stood somewhere before this one, and why. */
const AFTER: Partial<Record<StepKind, { kind: StepKind; why: string }>> = {
  'edit-config': { kind: 'arm-revert', why: 'nothing is edited on a node that could not restore itself' },
  'disarm-revert': { kind: 'arm-revert', why: 'there is nothing to disarm' },
  'verify-process': { kind: 'preflight', why: 'the process before the restart is what it is held against' },
  'switch-release': { kind: 'arm-revert', why: 'nothing is switched on a node that could not go back' },
  'verify-release': { kind: 'switch-release', why: 'there is nothing to verify' },
  'install-proxy': { kind: 'check-host', why: 'nothing is put on a host that was not looked at' },
  'verify-install': { kind: 'install-proxy', why: 'there is nothing to verify' },
  watch: { kind: 'baseline', why: 'a slope after the restart proves nothing without the slope before it' },
};
const CHANGES: readonly StepKind[] = [
  'edit-config',
  'service',
  'set-limit',
  'arm-revert',
  'push-release',
  'switch-release',
  'install-proxy',
];

export type RunbookFinding = { step: string | null; message: string };

/** Why a runbook whose text can be read should not be run all the same; empty when it can. */
export function lintSteps(runbook: Pick<Runbook, 'steps' | 'mutates'>): RunbookFinding[] {
  const findings = runbook.steps.flatMap((step, i) => lintStep(step, runbook.steps.slice(0, i)));
  const { steps } = runbook;
  const armed = steps.findLastIndex((s) => s.kind === 'arm-revert');
  if (armed >= 0 && !steps.slice(armed).some((s) => s.kind === 'disarm-revert'))
    findings.push({ step: steps[armed]?.key ?? null, message: 'no disarm-revert follows: every node would put its file back in the end' });
  const changing = steps.find((s) => CHANGES.includes(s.kind));
  if (changing !== undefined && !runbook.mutates)
    findings.push({ step: changing.key, message: `${changing.kind} changes a node, and the front matter says mutates: false` });
  return findings;
}

function lintStep(step: RunbookStep, before: readonly RunbookStep[]): RunbookFinding[] {
  const say = (message: string): RunbookFinding => ({ step: step.key, message });
  const findings: RunbookFinding[] = [];
  const parsed = (PARAMS[step.kind] ?? NOTHING).safeParse(step.params);
  const [issue] = parsed.error?.issues ?? [];
  if (issue !== undefined) findings.push(say(`params${issue.path.length > 0 ? `.${issue.path.join('.')}` : ''}: ${issue.message}`));
  const gate = step.kind === 'gate' ? gateParams.safeParse(step.params).data : undefined;
  if (gate !== undefined && !gate.options.some((o) => o.value === gate.default))
    findings.push(say(`params.default is ${JSON.stringify(gate.default)}, which is none of its options`));
  const needed = AFTER[step.kind];
  if (needed !== undefined && !before.some((s) => s.kind === needed.kind))
    findings.push(say(`${step.kind} needs a ${needed.kind} step before it: ${needed.why}`));
  return findings;
}
