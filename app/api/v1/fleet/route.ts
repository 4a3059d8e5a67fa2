import { handle } from '../../_http/handle.ts';

export const GET = handle({ permission: 'fleet.read', on: 'scoped' }, async ({ runtime, scope }) => {
  const view = await runtime.fleet.view();
  return scope.everywhere('fleet.read') ? view : { ...view, nodes: view.nodes.filter(scope.only('fleet.read')) };
});
