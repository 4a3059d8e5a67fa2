import { handle } from '../../_http/handle.ts';

/** The built-in rules as they are evaluated, and how often each fired of late on nodes that the actor sees. */
export const GET = handle({ permission: 'alert.read', on: 'scoped' }, async ({ runtime, scope }) => {
  const seen = await scope.visible('alert.read');
  return { rules: await runtime.notify.ruleList((nodeId) => seen.has(nodeId)) };
});
