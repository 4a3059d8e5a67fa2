import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

/** Names the key in each sealed text, so that a rotation knows which one to open it with. */
export const keyId = (key: Buffer): string => createHash('sha256').update(key).digest('hex').slice(0, 8);

/** A key for one purpose, so that no two uses share one. */
export const deriveKey = (key: Buffer, purpose: string): Buffer => Buffer.from(hkdfSync('sha256', key, '', `headroom ${purpose}`, 32));

/** AES-256-GCM: `v1.<key id>.<nonce>.<tag>.<ciphertext>`, base64url. `name` is authenticated, so a sealed text cannot be moved to another name. */
export function seal(key: Buffer, name: string, plain: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', deriveKey(key, 'seal'), nonce).setAAD(Buffer.from(name));
  const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return ['v1', keyId(key), ...[nonce, cipher.getAuthTag(), text].map((part) => part.toString('base64url'))].join('.');
}

export function unseal(key: Buffer, name: string, sealed: string): string {
  const [version, id, ...rest] = sealed.split('.');
  const [nonce, tag, text] = rest.map((part) => Buffer.from(part, 'base64url'));
  if (version !== 'v1' || !nonce || !tag || !text || tag.length !== 16) throw new Error(`the secret ${name} is not in a form known here`);
  if (id !== keyId(key)) throw new Error(`the secret ${name} was sealed with key ${id}: <data dir>/secret is ${keyId(key)}, another one`);
  const decipher = createDecipheriv('aes-256-gcm', deriveKey(key, 'seal'), nonce).setAAD(Buffer.from(name)).setAuthTag(tag);
  return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
}
