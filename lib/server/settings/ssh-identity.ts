import { generateKeyPairSync, randomBytes } from 'node:crypto';

export type SshIdentity = { /** OpenSSH private key file */ privateKey: string /** one line of authorized_keys */; publicKey: string };

const TYPE = 'ssh-ed25519';

/** A fresh ed25519 key in OpenSSH's own format (openssh-key-v1, unencrypted: it is sealed as a whole where it is kept). */
export function makeSshIdentity(comment: string): SshIdentity {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const [seed, pub] = [jwk.d, jwk.x].map((part) => Buffer.from(part ?? '', 'base64url'));
  if (seed?.length !== 32 || pub?.length !== 32) throw new Error('node:crypto made an ed25519 key of another size than 32 bytes');
  const publicBlob = Buffer.concat([field(TYPE), field(pub)]);
  // the same 4 random bytes twice: how OpenSSH knows that it decrypted rightly
  const check = randomBytes(4);
  const inner = Buffer.concat([check, check, field(TYPE), field(pub), field(Buffer.concat([seed, pub])), field(comment)]);
  const padding = Buffer.from(Array.from({ length: (8 - (inner.length % 8)) % 8 }, (_, i) => i + 1));
  const file = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    field('none'),
    field('none'),
    field(''),
    uint32(1),
    field(publicBlob),
    field(Buffer.concat([inner, padding])),
  ]);
  const lines = file.toString('base64').match(/.{1,70}/g) ?? [];
  return {
    privateKey: ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n'),
    publicKey: `${TYPE} ${publicBlob.toString('base64')} ${comment}`,
  };
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function field(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}
