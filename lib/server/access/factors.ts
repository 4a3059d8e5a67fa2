import { createHash, randomBytes } from 'node:crypto';
import type { Db, Tx } from '#server/db/index.ts';
import type { Settings } from '#server/settings/index.ts';
import { matchTotp } from './totp.ts';

/** Shown once, each good once. */
const RECOVERY_CODES = 10;
const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';

type Sealed = Settings['sealed'];

/** Where a person's TOTP secret is sealed; `new`: until its first code was shown. */
export const totpKey = (userId: string, which: 'own' | 'new'): string => `totp.${which}.${userId}`;

export async function hasTotp(on: Db | Tx, userId: string): Promise<boolean> {
  const row = await on
    .selectFrom('totp')
    .select('userId')
    .where('userId', '=', userId)
    .where('confirmedAt', 'is not', null)
    .executeTakeFirst();
  return row !== undefined;
}

export async function factorsOf(on: Db | Tx, userId: string): Promise<{ totp: boolean; passkey: boolean }> {
  const passkey = await on.selectFrom('passkeys').select('id').where('userId', '=', userId).limit(1).executeTakeFirst();
  return { totp: await hasTotp(on, userId), passkey: passkey !== undefined };
}

/** A code of the app, none twice, or a recovery code, which is used up by it. */
export async function takeCode(tx: Tx, sealed: Sealed, userId: string, code: string, now: number): Promise<'totp' | 'recovery' | null> {
  const plain = code.replace(/[\s-]/g, '').toLowerCase();
  if (!/^\d{6}$/.test(plain)) {
    const { numUpdatedRows } = await tx
      .updateTable('recoveryCodes')
      .set({ usedAt: now })
      .where('sha256', '=', codeHash(plain))
      .where('userId', '=', userId)
      .where('usedAt', 'is', null)
      .executeTakeFirst();
    return numUpdatedRows === 1n ? 'recovery' : null;
  }
  const row = await tx.selectFrom('totp').selectAll().where('userId', '=', userId).where('confirmedAt', 'is not', null).executeTakeFirst();
  const secret = row && (await sealed.get(totpKey(userId, 'own'), tx));
  if (!row || !secret) return null;
  const step = matchTotp(secret, plain, now, row.lastStep);
  if (step === null) return null;
  const { numUpdatedRows } = await tx
    .updateTable('totp')
    .set({ lastStep: step })
    .where('userId', '=', userId)
    .where('lastStep', '<', step)
    .executeTakeFirst();
  return numUpdatedRows === 1n ? 'totp' : null;
}

/** The earlier ones are good no more. */
export async function newRecoveryCodes(tx: Tx, userId: string): Promise<string[]> {
  const codes = Array.from({ length: RECOVERY_CODES }, newCode);
  await tx.deleteFrom('recoveryCodes').where('userId', '=', userId).execute();
  await tx
    .insertInto('recoveryCodes')
    .values(codes.map((code) => ({ sha256: codeHash(code.replaceAll('-', '')), userId, usedAt: null })))
    .execute();
  return codes;
}

/** Recovery codes stand for a factor: without one there is nothing to recover. */
export async function dropCodesWithoutFactor(tx: Tx, userId: string): Promise<void> {
  const { totp, passkey } = await factorsOf(tx, userId);
  if (!totp && !passkey) await tx.deleteFrom('recoveryCodes').where('userId', '=', userId).execute();
}

export async function dropFactors(tx: Tx, sealed: Sealed, userId: string): Promise<void> {
  for (const table of ['totp', 'passkeys', 'recoveryCodes'] as const) await tx.deleteFrom(table).where('userId', '=', userId).execute();
  for (const which of ['own', 'new'] as const) await sealed.remove(totpKey(userId, which), tx);
}

/** 16 letters of 31: 79 bits, so that a plain hash keeps them. */
function newCode(): string {
  let letters = '';
  // 248 is 8 times 31: above it some letters would come more often
  while (letters.length < 16) for (const byte of randomBytes(16)) if (byte < 248 && letters.length < 16) letters += LETTERS[byte % 31];
  return letters.replace(/(.{4})(?=.)/g, '$1-');
}

const codeHash = (plain: string): string => createHash('sha256').update(`recovery ${plain}`).digest('hex');
