import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

const NAME = 'evidence.private-key';

/** Where secrets are kept sealed. */
export type Sealed = { get(key: string): Promise<string | null>; make(key: string, value: string): Promise<string> };
export type SigningKey = { /** the 32 bytes in base64 */ publicKey: string; sign(text: string): string };

/** The console's own ed25519 key for evidence, made at the first export. A reader knows it by its fingerprint. */
export function createSigningKey(sealed: Sealed): () => Promise<SigningKey> {
  let key: Promise<SigningKey> | null = null;
  return () => {
    key ??= load(sealed).catch((error) => {
      key = null;
      throw error;
    });
    return key;
  };
}

async function load(sealed: Sealed): Promise<SigningKey> {
  const stored = await sealed.get(NAME);
  const fresh = () => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const privateKey: KeyObject = createPrivateKey(stored ?? (await sealed.make(NAME, fresh())));
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  const publicKey = Buffer.from(x ?? '', 'base64url').toString('base64');
  return { publicKey, sign: (text) => sign(null, Buffer.from(text), privateKey).toString('base64') };
}
