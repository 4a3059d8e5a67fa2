import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Db, Tx } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { newId } from '#server/kernel/ids.ts';
import type { Verb } from '#server/kernel/verb.ts';
import { type Actor, type createdTokenSchema, ROLES, type Role, tokenInputSchema, type tokenSchema } from '#shared/access.ts';
import { toInstant } from '#shared/time.ts';
import { makerOf } from './grants.ts';
import { createSeenNotes } from './seen-notes.ts';

type Token = z.infer<typeof tokenSchema>;
type CreatedToken = z.infer<typeof createdTokenSchema>;

const DAY_MS = 24 * 3600_000;
/** `lastUsedAt` is for people; more often would be a write per request. */
const LAST_USED_STEP_MS = 60_000;
const roleSchema = z.enum(ROLES);
const idSchema = z.object({ id: z.string() });

export const tokenHash = (token: string): string => createHash('sha256').update(token).digest('hex');

export function createTokens({ db, clock }: { db: Db; clock: Clock }) {
  const note = createSeenNotes(LAST_USED_STEP_MS);
  return {
    async authenticate(token: string): Promise<Actor | null> {
      const row = await db.selectFrom('tokens').selectAll().where('sha256', '=', tokenHash(token)).executeTakeFirst();
      const now = clock.now();
      if (!row || row.expiresAt <= now) return null;
      if (row.lastUsedAt === null || row.lastUsedAt < now - LAST_USED_STEP_MS)
        await note(row.id, now, () => db.updateTable('tokens').set({ lastUsedAt: now }).where('id', '=', row.id).execute());
      return { kind: 'token', id: row.id, name: row.name, role: roleSchema.parse(row.role) };
    },
    async list(): Promise<Token[]> {
      const rows = await db.selectFrom('tokens').selectAll().orderBy('createdAt', 'desc').execute();
      return rows.map((row) => ({
        id: row.id,
        name: row.name,
        role: roleSchema.parse(row.role),
        createdAt: toInstant(row.createdAt),
        expiresAt: toInstant(row.expiresAt),
        lastUsedAt: row.lastUsedAt === null ? null : toInstant(row.lastUsedAt),
        prefix: row.prefix,
        selector: row.selector,
      }));
    },
  };
}

/** A row for a token that is known already, as the demo's is. */
export function tokenRow(
  token: string,
  options: { name: string; role: z.infer<typeof roleSchema>; selector?: string | null; makerId?: string | null; now: number; days: number },
) {
  return {
    id: newId('t', options.now),
    name: options.name,
    role: options.role,
    sha256: tokenHash(token),
    prefix: token.slice(0, 8),
    createdAt: options.now,
    expiresAt: options.now + options.days * DAY_MS,
    lastUsedAt: null,
    selector: options.selector ?? null,
    makerId: options.makerId ?? null,
  };
}

/** Said when it is made; that it stays so when the maker's grants change is seen to at each use. */
function assertNoMore(actor: Actor, role: Role): void {
  if (ROLES.indexOf(role) <= ROLES.indexOf(actor.role)) return;
  throw new HeadroomError('auth.forbidden', `${actor.name} has the role ${actor.role}: a token of theirs cannot have ${role}`);
}

/** What a token makes does not outlive it: one that leaked for a day cannot be turned into one for a year. */
async function lastDayOf(tx: Tx, actor: Actor): Promise<number> {
  if (actor.kind !== 'token') return Number.POSITIVE_INFINITY;
  return (await tx.selectFrom('tokens').select('expiresAt').where('id', '=', actor.id).executeTakeFirst())?.expiresAt ?? 0;
}

export const createToken: Verb<typeof tokenInputSchema, Tx, CreatedToken> = {
  name: 'token.create',
  permission: 'token.write',
  fresh: true,
  input: tokenInputSchema,
  async run(tx, input, { actor, now }) {
    assertNoMore(actor, input.role);
    const token = `hr_${randomBytes(32).toString('base64url')}`;
    const { name, role, selector } = input;
    const asked = tokenRow(token, { name, role, selector, makerId: await makerOf(tx, actor), now, days: input.expiresInDays });
    const row = { ...asked, expiresAt: Math.min(asked.expiresAt, await lastDayOf(tx, actor)) };
    await tx.insertInto('tokens').values(row).execute();
    const { sha256: _, makerId: __, ...shown } = row;
    const described = { ...shown, role: input.role, createdAt: toInstant(row.createdAt), expiresAt: toInstant(row.expiresAt) };
    return { result: { ...described, token }, secret: true, object: `token:${row.id}`, after: described };
  },
};

export const revokeToken: Verb<typeof idSchema, Tx, { revoked: string }> = {
  name: 'token.revoke',
  permission: 'token.write',
  fresh: true,
  input: idSchema,
  async run(tx, { id }) {
    const row = await tx.selectFrom('tokens').select(['id', 'name', 'role', 'prefix']).where('id', '=', id).executeTakeFirst();
    if (!row)
      throw new HeadroomError('token.not-found', `there is no token ${JSON.stringify(id)}: it was revoked already, or the id is mistyped`);
    await tx.deleteFrom('tokens').where('id', '=', id).execute();
    return { result: { revoked: id }, object: `token:${id}`, before: row };
  },
};
