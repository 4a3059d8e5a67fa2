import type { StepRunner } from './context.ts';

/** Writes down what was done; with `agree: true` the file as it is now is what was agreed for this node. */
export const note: StepRunner = async (context) => {
  const { judgement, verdict, memo, edit, restart } = context.target();
  const sha256 = memo.afterSha256 ?? memo.beforeSha256;
  const agrees = context.step.params.agree === true && sha256 !== undefined;
  if (agrees) await context.agree(sha256);
  await context.prove({
    title: 'what was done',
    command: `run ${context.run.id} on ${context.node.name}`,
    raw: JSON.stringify({ edit, edits: memo.edits, restart, before: memo.before, after: memo.after, judgement, verdict }, null, 2),
    value: agrees ? `agreed config.yaml: sha256 ${sha256}` : null,
  });
  const agreed = agrees ? `; config.yaml ${sha256.slice(0, 12)} is now what was agreed` : '';
  return { status: 'succeeded', summary: `recorded${agreed}` };
};
