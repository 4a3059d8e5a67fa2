import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Db, Tx } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { LINK_KINDS, type LinkKind, type OneTimeLink } from '#shared/account.ts';
import { toInstant } from '#shared/time.ts';

const HOUR_MS = 3600_000;
const LIFE_MS: Record<LinkKind, number> = { invite: 7 * 24 * HOUR_MS, password: 24 * HOUR_MS, 'second-factor': 24 * HOUR_MS };
const kindSchema = z.enum(LINK_KINDS);

type Wanted = { kind: LinkKind; userId: string; createdBy: string; now: number; url: string };
export type LinkHolder = { kind: LinkKind; userId: string; name: string; email: string };

/** Shown to the admin once; the earlier link of its kind is good no more. The token is behind the `#`, which browsers send to nobody. */
export async function newLink(tx: Tx, { kind, userId, createdBy, now, url }: Wanted): Promise<OneTimeLink> {
  const token = randomBytes(32).toString('base64url');
  const expiresAt = now + LIFE_MS[kind];
  await tx.deleteFrom('accountLinks').where('userId', '=', userId).where('kind', '=', kind).execute();
  await tx
    .insertInto('accountLinks')
    .values({ sha256: hash(token), kind, userId, createdBy, createdAt: now, expiresAt })
    .execute();
  return { link: `${url}/link#${token}`, kind, expiresAt: toInstant(expiresAt) };
}

/** Throws auth.bad-link for one that was used, is too old, or never was: the words are the same. */
export async function holderOf(on: Db | Tx, token: string, now: number): Promise<LinkHolder> {
  const row = await on
    .selectFrom('accountLinks')
    .innerJoin('user', 'user.id', 'accountLinks.userId')
    .select(['accountLinks.kind', 'accountLinks.userId', 'user.name', 'user.email'])
    .where('accountLinks.sha256', '=', hash(token))
    .where('accountLinks.expiresAt', '>', now)
    .where('user.disabledAt', 'is', null)
    .executeTakeFirst();
  if (row) return { ...row, kind: kindSchema.parse(row.kind) };
  throw new HeadroomError(
    'auth.bad-link',
    'the link was used already, is too old, or was replaced by a newer one: ask an admin for another',
  );
}

/** Good once: of two that come together, one gets it. */
export async function useLink(tx: Tx, token: string, now: number): Promise<LinkHolder> {
  const holder = await holderOf(tx, token, now);
  const { numDeletedRows } = await tx.deleteFrom('accountLinks').where('sha256', '=', hash(token)).executeTakeFirst();
  if (numDeletedRows !== 1n) throw new HeadroomError('auth.bad-link', 'the link was used just now: ask an admin for another');
  return holder;
}

const hash = (token: string): string => createHash('sha256').update(token).digest('hex');
