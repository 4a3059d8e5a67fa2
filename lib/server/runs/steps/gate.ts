import { z } from 'zod';
import type { GateState } from '#shared/runs.ts';
import { toInstant } from '#shared/time.ts';
import type { StepRunner } from './context.ts';

const paramsSchema = z.object({
  question: z.string(),
  default: z.string(),
  options: z
    .array(z.object({ value: z.string(), label: z.string(), danger: z.boolean().default(false) }))
    .min(1)
    .max(10),
});

/** Waits for a person; with gates auto the default answers. `revert` puts the node back. */
export const gate: StepRunner = async (context) => {
  const params = paramsSchema.parse(context.step.params);
  const asked: GateState = context.gate ?? { ...params, answer: null, by: null, at: null };
  const auto = context.run.strategy.gates === 'auto';
  if (asked.answer === null && !auto) return { status: 'waiting', summary: asked.question, gate: asked };

  const answered: GateState =
    asked.answer === null ? { ...asked, answer: asked.default, by: 'auto', at: toInstant(context.clock.now()) } : asked;
  const { answer, by, at } = answered;
  const label = answered.options.find((o) => o.value === answer)?.label ?? answer ?? '';
  await context.prove({
    title: 'the answer',
    command: asked.question,
    raw: JSON.stringify({ question: asked.question, answer, by, at }),
    value: answer,
  });
  const summary = by === 'auto' ? `${label}: the default, answered by itself` : `${label}, said ${by}`;
  const result = { status: 'succeeded', summary, gate: answered } as const;
  return answer === 'revert' ? { ...result, undo: 'answer' } : result;
};
