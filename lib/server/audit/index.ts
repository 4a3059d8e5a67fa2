import { createHash } from 'node:crypto';
import type { Db, Tx } from '#server/db/index.ts';
import type { Actor } from '#shared/access.ts';
import { type AuditRow, chainBreak, chainText } from '#shared/audit-chain.ts';

const PAGE = 500;

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
      let last: AuditRow | null = null;
      for await (const page of pages())
        for (const row of page) {
          if (chainBreak(row, last, sha256) !== null) return { rows: last?.seq ?? 0, brokenAt: (last?.seq ?? 0) + 1 };
          last = row;
        }
      return { rows: last?.seq ?? 0, brokenAt: null };
    },
    /** All rows, oldest first, in pages. */
    all: pages,
  };

  async function* pages(): AsyncGenerator<AuditRow[], void, undefined> {
    for (let seq = 0; ; ) {
      const page: AuditRow[] = await db.selectFrom('audit').selectAll().where('seq', '>', seq).orderBy('seq').limit(PAGE).execute();
      const last = page.at(-1);
      if (last === undefined) return;
      yield page;
      seq = last.seq;
    }
  }
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

const hashOf = (row: Omit<AuditRow, 'hash'>): string => sha256(chainText(row));
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
