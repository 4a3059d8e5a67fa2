import { createHash } from 'node:crypto';
import type { Db, Tx } from '#server/db/index.ts';
import type { Actor } from '#shared/access.ts';
import type { AuditFilter } from '#shared/audit.ts';
import { type AuditRow, chainBreak, chainText } from '#shared/audit-chain.ts';
import { filtered } from './filter.ts';
import { type HeadKeeper, openHead, type Sealed } from './head.ts';
import { limitRefusals } from './refusals.ts';

const PAGE = 500;
/** What a page of a reader who sees few of the rows may cost; the next page goes on behind. */
const MOST_READ = 20_000;

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
/** What a reader sees of a row: the row, less of it, or nothing. */
export type AuditView = (row: AuditRow) => AuditRow | null | Promise<AuditRow | null>;
export type AuditState = { rows: number; head: string | null; brokenAt: number | null; problem: string | null };

const whole: AuditView = (row) => row;

/**
 * The append-only record. Each row's hash covers the row and the hash before it, so a changed or missing row breaks the chain; the last row is signed, so
 * rows missing at the end show too. Without `sealed` (a test's own) nothing is signed.
 */
export function createAudit({ db, sealed }: { db: Db; sealed?: Sealed }) {
  let keeper: HeadKeeper | null = null;

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
    const hash = hashOf(row);
    await tx
      .insertInto('audit')
      .values({ ...row, hash })
      .execute();
    await keeper?.write(tx, { seq: row.seq, hash }, row.at);
    return { seq: row.seq };
  }

  const alone = (entry: AuditEntry) => db.transaction().execute((tx) => append(tx, entry));
  const refused = limitRefusals(alone);

  async function* pages(filter: AuditFilter = {}, view: AuditView = whole): AsyncGenerator<AuditRow[], void, undefined> {
    for (let seq = 0; ; ) {
      const page: AuditRow[] = await filtered(db, filter).where('seq', '>', seq).orderBy('seq').limit(PAGE).execute();
      const last = page.at(-1);
      if (last === undefined) return;
      yield await seen(page, view);
      seq = last.seq;
    }
  }

  return {
    append,
    /** Before the first row of this process: takes the key that signs the head. Rows from before there was one are signed as they are, and a row says so. */
    async prepare(now: number): Promise<void> {
      if (!sealed || keeper) return;
      keeper = await openHead(sealed);
      if (!keeper.isNew) return;
      const last = await db.selectFrom('audit').select('seq').orderBy('seq', 'desc').limit(1).executeTakeFirst();
      if (!last) return;
      const actor: Actor = { kind: 'system', id: 'system', name: 'the console', role: 'admin' };
      const entry: AuditEntry = { actor, action: 'audit.signed-anew', object: 'audit', result: 'ok', after: { rows: last.seq }, at: now };
      await db.transaction().execute((tx) => append(tx, entry));
    },
    /** For what has no transaction of its own: a refusal (of one actor 300 a minute at most), a sign-in. */
    record: (entry: AuditEntry): Promise<{ seq: number }> => (entry.result === 'refused' ? refused(entry) : alone(entry)),
    /** newest first; `before` is the seq to go on from */
    async list(options: { limit: number; before?: number | undefined; filter?: AuditFilter }): Promise<AuditRow[]> {
      let query = filtered(db, options.filter ?? {})
        .orderBy('seq', 'desc')
        .limit(options.limit);
      if (options.before !== undefined) query = query.where('seq', '<', options.before);
      return query.execute();
    },
    /** The same for a reader who does not see every row. `next`: where the next page goes on; null behind the last row. */
    async page(options: { limit: number; before?: number | undefined; filter: AuditFilter; view: AuditView }) {
      const { limit, filter, view } = options;
      const rows: AuditRow[] = [];
      let before = options.before;
      for (let read = 0; read < MOST_READ; ) {
        const page: AuditRow[] = await this.list({ limit: view === whole ? limit : PAGE, before, filter });
        for (const row of page) {
          const shown = await view(row);
          before = row.seq;
          if (shown !== null) rows.push(shown);
          if (rows.length === limit) return { rows, next: row.seq > 1 ? row.seq : null };
        }
        read += page.length;
        if (page.length === 0) return { rows, next: null };
      }
      return { rows, next: before ?? null };
    },
    /** The first row that does not follow from the one before it, or null when the chain holds up to its signed head. */
    async verify(): Promise<AuditState> {
      let last: AuditRow | null = null;
      // Read first: rows that are written meanwhile lie behind it.
      const head = keeper ? await keeper.read(db) : null;
      let signed: AuditRow | null = null;
      for await (const page of pages())
        for (const row of page) {
          const problem = chainBreak(row, last, sha256);
          if (problem !== null) return { rows: last?.seq ?? 0, head: headOf(last), brokenAt: (last?.seq ?? 0) + 1, problem };
          last = row;
          if (head !== null && head !== 'forged' && row.seq === head.seq) signed = row;
        }
      const rows = last?.seq ?? 0;
      const broken = (problem: string) => ({ rows, head: headOf(last), brokenAt: rows + 1, problem });
      if (head === 'forged') return broken('the signature of the last row is not the console’s own');
      if (keeper && head === null && rows > 0) return broken('the signature of the last row was taken away');
      if (head !== null && signed === null)
        return broken(`row ${head.seq} was signed as the last one, and there is none: rows were cut off the end`);
      if (head !== null && signed?.hash !== head.hash)
        return broken(`row ${head.seq} is not the one that was signed: rows were written anew`);
      return { rows, head: headOf(last), brokenAt: null, problem: null };
    },
    whole,
    /** All rows that the filter lets through, oldest first, in pages. */
    all: pages,
  };
}

async function seen(page: readonly AuditRow[], view: AuditView): Promise<AuditRow[]> {
  const rows = await Promise.all(page.map(view));
  return rows.filter((row) => row !== null);
}

const headOf = (row: AuditRow | null): string | null => row && `${row.seq}:${row.hash}`;

const asJson = (value: unknown): string | null => (value === undefined || value === null ? null : JSON.stringify(value));

const hashOf = (row: Omit<AuditRow, 'hash'>): string => sha256(chainText(row));
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
