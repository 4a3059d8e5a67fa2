import type { Db } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import type { NodeHealth } from '#server/scrape/index.ts';

/** What a node said of itself at a time: a config with other bytes, or a drill from its begin to its end (null: it goes on). */
export type Mark = { kind: 'config' | 'drill'; fromMs: number; toMs: number | null; value: string; earlier: string | null };
export type NodeMarks = ReturnType<typeof createNodeMarks>;

/** Marks of one node that are kept; a file that changes with every look may not fill the disk. */
const KEPT = 500;

/** Keeps what no sample holds and a chart shows. Asked after each reading; costs a comparison unless something changed. */
export function createNodeMarks(deps: { db: Db; clock: Clock; onError(error: unknown): void }) {
  const { db, clock } = deps;
  type Seen = { config: string | null; drill: string | null };
  const seen = new Map<string, Seen>();
  let writing: Promise<void> = Promise.resolve();

  async function recall(nodeId: string): Promise<Seen> {
    const rows = await db.selectFrom('nodeMarks').selectAll().where('nodeId', '=', nodeId).orderBy('id', 'desc').limit(KEPT).execute();
    return {
      config: rows.find(({ kind }) => kind === 'config' || kind === 'first-config')?.value ?? null,
      drill: rows.find(({ kind, toMs }) => kind === 'drill' && toMs === null)?.value ?? null,
    };
  }

  const put = (nodeId: string, kind: string, at: number, toMs: number | null, value: string, earlier: string | null) =>
    db.insertInto('nodeMarks').values({ nodeId, kind, fromMs: at, toMs, value, earlier }).execute();

  async function write(nodeId: string, now: Seen, at: number): Promise<void> {
    const before = seen.get(nodeId) ?? (await recall(nodeId));
    const config = now.config ?? before.config;
    if (config !== null && config !== before.config)
      await put(nodeId, before.config === null ? 'first-config' : 'config', at, at, config, before.config);
    if (now.drill !== before.drill) {
      const open = db
        .updateTable('nodeMarks')
        .set({ toMs: at })
        .where('nodeId', '=', nodeId)
        .where('kind', '=', 'drill')
        .where('toMs', 'is', null);
      await open.execute();
      if (now.drill !== null) await put(nodeId, 'drill', at, null, now.drill, null);
    }
    const newest = db.selectFrom('nodeMarks').select('id').where('nodeId', '=', nodeId).orderBy('id', 'desc').limit(KEPT);
    await db.deleteFrom('nodeMarks').where('nodeId', '=', nodeId).where('id', 'not in', newest).execute();
    seen.set(nodeId, { config, drill: now.drill });
  }

  return {
    /** What was just read of a node. A page that does not answer says nothing of a drill. */
    note(nodeId: string, health: Pick<NodeHealth, 'state' | 'configSha256' | 'drill' | 'sshError'>): void {
      const before = seen.get(nodeId);
      const answers = health.state === 'up' || health.state === 'degraded';
      // without SSH it is the hash of what the process loaded, which is no news of the file
      const config = health.sshError === null ? health.configSha256 : null;
      const drill = answers ? health.drill : (before?.drill ?? null);
      if (!answers && !before) return;
      if (before && (config === null || config === before.config) && drill === before.drill) return;
      const at = clock.now();
      writing = writing.then(() => write(nodeId, { config, drill }, at)).catch(deps.onError);
    },
    /** Those that touch the span, oldest first. */
    async within(nodeId: string, fromMs: number, toMs: number): Promise<Mark[]> {
      const rows = await db
        .selectFrom('nodeMarks')
        .selectAll()
        .where('nodeId', '=', nodeId)
        .where('kind', 'in', ['config', 'drill'])
        .where('fromMs', '<=', toMs)
        .where((eb) => eb.or([eb('toMs', 'is', null), eb('toMs', '>=', fromMs)]))
        .orderBy('fromMs')
        .execute();
      return rows.map(({ kind, ...mark }) => ({ ...mark, kind: kind === 'drill' ? 'drill' : 'config' }));
    },
    /** Resolves when all that was noted is kept. */
    settled: () => writing,
  };
}
