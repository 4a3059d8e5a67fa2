import { HeadroomError } from '#server/kernel/errors.ts';
import type { Runtime } from '#server/runtime.ts';
import type { Permission } from '#shared/access.ts';

type Seeing = { runtime: Runtime; scope: { visible(permission: Permission): Promise<{ some(nodeIds: readonly string[]): boolean }> } };

/** Throws incident.not-found also of one that has none of the nodes that the actor may see. */
export async function assertReadable({ runtime, scope }: Seeing, id: string): Promise<void> {
  const nodeIds = await runtime.incidents.nodesOf(id);
  if ((await scope.visible('incident.read')).some(nodeIds)) return;
  throw new HeadroomError('incident.not-found', `There is no incident ${JSON.stringify(id.slice(0, 64))}.`);
}
