import type { Db, Tx } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';

/** What of each node's config.yaml was agreed, by its hash: the bytes that a run wrote, or those that were seen first. */
export function createAgreedConfigs({ db, clock }: { db: Db; clock: Clock }) {
  const agreed = async (nodeId: string): Promise<string | null> => {
    const row = await db.selectFrom('agreedConfigs').select('sha256').where('nodeId', '=', nodeId).executeTakeFirst();
    return row?.sha256 ?? null;
  };
  /** Drift of a file with this hash; the first one ever seen on a node is agreed. */
  const seen = async (nodeId: string, sha256: string): Promise<{ drift: boolean }> => {
    const known = await agreed(nodeId);
    if (known !== null) return { drift: known !== sha256 };
    const first = { nodeId, sha256, agreedAt: clock.now() };
    await db
      .insertInto('agreedConfigs')
      .values(first)
      .onConflict((conflict) => conflict.column('nodeId').doNothing())
      .execute();
    return { drift: false };
  };

  /** Nodes of which a first hash is on record, so that noting costs a query once a node. */
  const noted = new Set<string>();

  return {
    agreed,
    /** of every node that has one on record, with one query */
    async allAgreed(): Promise<ReadonlyMap<string, string>> {
      const rows = await db.selectFrom('agreedConfigs').select(['nodeId', 'sha256']).execute();
      return new Map(rows.map(({ nodeId, sha256 }) => [nodeId, sha256]));
    },
    seen,
    /** A hash that was just observed; only the first of a node is kept. */
    async note(nodeId: string, sha256: string): Promise<void> {
      if (noted.has(nodeId)) return;
      await seen(nodeId, sha256);
      noted.add(nodeId);
    },
    async agree(on: Db | Tx, nodeId: string, sha256: string): Promise<void> {
      const values = { sha256, agreedAt: clock.now() };
      await on
        .insertInto('agreedConfigs')
        .values({ nodeId, ...values })
        .onConflict((conflict) => conflict.column('nodeId').doUpdateSet(values))
        .execute();
    },
  };
}
