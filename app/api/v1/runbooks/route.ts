import { handle } from '../../_http/handle.ts';

export const GET = handle({ permission: 'runbook.read' }, ({ runtime }) => ({
  runbooks: runtime.runbooks.list().map(({ text: _text, steps, ...head }) => ({ ...head, stepCount: steps.length })),
}));
