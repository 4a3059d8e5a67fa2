import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Db, Tx } from '#server/db/index.ts';

const SECRET = 'audit.head-key';
const SETTING = 'audit.head';
const headSchema = z.object({ seq: z.number().int(), hash: z.string(), mac: z.string() });

/** Where secrets are kept sealed. */
export type Sealed = { get(key: string): Promise<string | null>; make(key: string, value: string): Promise<string> };
export type Head = { seq: number; hash: string };

export type HeadKeeper = Awaited<ReturnType<typeof openHead>>;

/**
 * The last row of the audit, signed with a key that is sealed by the console's secret: who can write to the database and has not that secret can cut rows
 * off the end, and cannot say that it was meant so. `isNew`: the key was made just now. Putting a whole older database back is found only by a head that
 * was noted elsewhere.
 */
export async function openHead(sealed: Sealed) {
  const stored = await sealed.get(SECRET);
  const key = stored ?? (await sealed.make(SECRET, randomBytes(32).toString('base64')));
  const macOf = ({ seq, hash }: Head) => createHmac('sha256', Buffer.from(key, 'base64')).update(`${seq}:${hash}`).digest('base64');
  return {
    isNew: stored === null,
    async write(tx: Tx, { seq, hash }: Head, updatedAt: number): Promise<void> {
      const row = { value: JSON.stringify({ seq, hash, mac: macOf({ seq, hash }) }), updatedAt };
      await tx
        .insertInto('settings')
        .values({ key: SETTING, ...row })
        .onConflict((conflict) => conflict.column('key').doUpdateSet(row))
        .execute();
    },
    /** `null`: there is none; `forged`: it is not ours */
    async read(db: Db): Promise<Head | 'forged' | null> {
      const row = await db.selectFrom('settings').select('value').where('key', '=', SETTING).executeTakeFirst();
      if (!row) return null;
      const parsed = headSchema.safeParse(asJson(row.value));
      if (!parsed.success) return 'forged';
      const [is, should] = [parsed.data.mac, macOf(parsed.data)].map((mac) => Buffer.from(mac));
      if (!is || !should || is.length !== should.length || !timingSafeEqual(is, should)) return 'forged';
      return { seq: parsed.data.seq, hash: parsed.data.hash };
    },
  };
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
