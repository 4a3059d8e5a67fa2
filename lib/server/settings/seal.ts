import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

const TAG_BYTES = 16;
const NONCE_BYTES = 12;

/** Names the key in each sealed text, so that whoever holds another one is told which it should be. It says nothing of the key itself. */
export const keyId = (key: Buffer): string => createHash('sha256').update(key).digest('hex').slice(0, 8);

/** A key for one purpose, so that no two uses share one. */
export const deriveKey = (key: Buffer, purpose: string): Buffer => Buffer.from(hkdfSync('sha256', key, '', `headroom ${purpose}`, 32));

/**
 * An envelope, `v2.<key id>.<wrapped data key>.<secret>`, base64url: the secret under a data key of its own, that one under the key, both by
 * AES-256-GCM (nonce, ciphertext, tag). The name and the key id are authenticated, so a sealed text cannot be moved to another name.
 */
export function seal(key: Buffer, name: string, plain: string): string {
  const id = keyId(key);
  const dataKey = randomBytes(32);
  const wrapped = encrypt(deriveKey(key, 'wrap'), `wrap ${id} ${name}`, dataKey);
  const text = encrypt(dataKey, `secret ${name}`, Buffer.from(plain, 'utf8'));
  return ['v2', id, wrapped.toString('base64url'), text.toString('base64url')].join('.');
}

/** Throws when the text was changed, is another name's, or was sealed with another key. */
export function unseal(key: Buffer, name: string, sealed: string): string {
  const [version, id, ...parts] = sealed.split('.');
  const [first, second, third] = parts.map((part) => Buffer.from(part, 'base64url'));
  if (id !== keyId(key)) throw new Error(`the secret ${name} was sealed with key ${id}: this is key ${keyId(key)}`);
  if (version === 'v2' && first && second) {
    const dataKey = decrypt(deriveKey(key, 'wrap'), `wrap ${id} ${name}`, first);
    return decrypt(dataKey, `secret ${name}`, second).toString('utf8');
  }
  // v1: nonce, tag and text under the key itself
  if (version === 'v1' && first && second?.length === TAG_BYTES && third)
    return decrypt(deriveKey(key, 'seal'), name, Buffer.concat([first, third, second])).toString('utf8');
  throw new Error(`the secret ${name} is not in a form known here`);
}

/** The id of the key that a text was sealed with. */
export const sealedWith = (sealed: string): string => sealed.split('.')[1] ?? '';

export const isOldForm = (sealed: string): boolean => sealed.startsWith('v1.');

function encrypt(key: Buffer, context: string, plain: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Buffer, context: string, sealed: Buffer): Buffer {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new Error('a sealed text is cut off');
  const [nonce, text, tag] = [sealed.subarray(0, NONCE_BYTES), sealed.subarray(NONCE_BYTES, -TAG_BYTES), sealed.subarray(-TAG_BYTES)];
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(context)).setAuthTag(tag);
  return Buffer.concat([decipher.update(text), decipher.final()]);
}
