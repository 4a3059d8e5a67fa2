import type { Scope } from '#server/access/index.ts';
import { nodesUnder } from '#server/notify/index.ts';
import type { Runtime } from '#server/runtime.ts';
import type { Silence } from '#shared/silences.ts';

/** Silences that hold something of a node that the actor may see: what they are about says names. */
export async function visibleSilences({ db }: Pick<Runtime, 'db'>, scope: Scope, silences: Silence[]): Promise<Silence[]> {
  if (scope.everywhere('alert.read')) return silences;
  const seen = await scope.visible('alert.read');
  const shown = await Promise.all(silences.map(async (silence) => seen.some(await nodesUnder(db, silence))));
  return silences.filter((_, i) => shown[i]);
}
