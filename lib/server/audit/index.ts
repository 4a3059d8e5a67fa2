import { createHash } from 'node:crypto';
import type { Db, Tx } from '#server/db/index.ts';
import type { Actor } from '#shared/access.ts';

export type AuditEntry = {
  actor: Actor;
  action: string;
  object: string;
  result: 'ok' | 'refused' | 'failed';
  /** states, without secrets */
  before?: unknown;
  after?: unknown;
  at: number;
};

export type AuditRow = {
  seq: number;
  at: number;
  actorKind: string;
  actorId: string;
  actorName: string;
  action: string;
  object: string;
  result: 'ok' | 'refused' | 'failed';
  before: string | null;
  after: string | null;
  prev: string;
  hash: string;
};

export type Audit = ReturnType<typeof createAudit>;

/** The append-only record. Each row's hash covers the row and the hash before it, so a changed or missing row breaks the chain. */
export function createAudit({ db }: { db: Db }) {
  return {
    append,
    /** For what has no transaction of its own: a refusal, a sign-in. */
    record: (entry: AuditEntry): Promise<{ seq: number }> => db.transaction().execute((tx) => append(tx, entry)),
    /** newest first; `before` is the seq to go on from */
    async list(options: { limit: number; before?: number | undefined }): Promise<AuditRow[]> {
      let query = db.selectFrom('audit').selectAll().orderBy('seq', 'desc').limit(options.limit);
      if (options.before !== undefined) query = query.where('seq', '<', options.before);
      return query.execute();
    },
    /** The first row that does not follow from the one before it, or null when the chain holds. */
    async verify(): Promise<{ rows: number; brokenAt: number | null }> {
      let [prev, seq, rows] = ['', 0, 0];
      for (;;) {
        const page = await db.selectFrom('audit').selectAll().where('seq', '>', seq).orderBy('seq').limit(500).execute();
        if (page.length === 0) return { rows, brokenAt: null };
        for (const row of page) {
          const { hash, ...rest } = row;
          if (row.prev !== prev || row.seq !== seq + 1 || hashOf(rest) !== hash) return { rows, brokenAt: seq + 1 };
          [prev, seq, rows] = [hash, row.seq, rows + 1];
        }
      }
    },
  };
}

async function append(tx: Tx, entry: AuditEntry): Promise<{ seq: number }> {
  const last = await tx.selectFrom('audit').select(['seq', 'hash']).orderBy('seq', 'desc').limit(1).executeTakeFirst();
  const row = {
    seq: (last?.seq ?? 0) + 1,
    at: entry.at,
    actorKind: entry.actor.kind,
    actorId: entry.actor.id,
    actorName: entry.actor.name,
    action: entry.action,
    object: entry.object,
    result: entry.result,
    before: asJson(entry.before),
    after: asJson(entry.after),
    prev: last?.hash ?? '',
  };
  await tx
    .insertInto('audit')
    .values({ ...row, hash: hashOf(row) })
    .execute();
  return { seq: row.seq };
}

const asJson = (value: unknown): string | null => (value === undefined || value === null ? null : JSON.stringify(value));

/** sha256 over the columns in a fixed order; JSON keeps their borders apart. */
function hashOf(row: Omit<AuditRow, 'hash'>): string {
  const columns = [
    row.prev,
    row.seq,
    row.at,
    row.actorKind,
    row.actorId,
    row.actorName,
    row.action,
    row.object,
    row.result,
    row.before,
    row.after,
  ];
  return createHash('sha256').update(JSON.stringify(columns)).digest('hex');
}
