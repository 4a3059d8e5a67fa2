import { timingSafeEqual } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import ssh2, { type PublicKeyAuthContext } from 'ssh2';

export function newKeyPair(comment: string): { private: string; public: string } {
  // ssh2 drops a zero byte at the start of a public key: one key in 256 cannot be read back
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment });
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) return pair;
  }
}

/** An ed25519 host key in OpenSSH's format, 0600, with its public half beside it. */
export function makeHostKey(file: string, comment: string): void {
  const pair = newKeyPair(comment);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, pair.private, { mode: 0o600 });
  fs.writeFileSync(`${file}.pub`, `${pair.public}\n`, { mode: 0o644 });
}

/** Whether this attempt is made with a key of the file as it is now; a file that is not there authorises nobody. */
export function isAuthorized(context: PublicKeyAuthContext, authorizedKeysPath: string): boolean {
  return authorizedKeys(authorizedKeysPath).some((key) => {
    const [offered, known] = [context.key.data, key.getPublicSSH()];
    if (context.key.algo.replace(/^rsa-sha2-(256|512)$/, 'ssh-rsa') !== key.type) return false;
    if (offered.length !== known.length || !timingSafeEqual(offered, known)) return false;
    if (!context.signature || !context.blob) return true; // only asks whether the key would do
    return key.verify(context.blob, context.signature, context.hashAlgo) === true;
  });
}

function authorizedKeys(file: string) {
  let text = '';
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .flatMap((line) => {
      const key = ssh2.utils.parseKey(line);
      return key instanceof Error ? [] : [key];
    });
}
