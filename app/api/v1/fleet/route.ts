import { compressedJson } from '../../_http/compressed-json.ts';
import { handle } from '../../_http/handle.ts';

export const GET = handle({ permission: 'fleet.read', on: 'scoped' }, async ({ runtime, scope, request }) => {
  const view = await runtime.fleet.view();
  return compressedJson(request, scope.everywhere('fleet.read') ? view : { ...view, nodes: view.nodes.filter(scope.only('fleet.read')) });
});
