import fs from 'node:fs';
import path from 'node:path';
import selfsigned from 'selfsigned';
import { HOSTS } from '../node/config-file.ts';

/** The backends' certificate, made at each start and trusted by the demo's clients alone. */
export async function makeCertificate(dir: string): Promise<{ keyPath: string; certPath: string }> {
  const names = [...Object.values(HOSTS), `wss.${HOSTS.live}`];
  const notBeforeDate = new Date(Date.now() - 3_600_000);
  const pems = await selfsigned.generate([{ name: 'commonName', value: HOSTS.app }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate,
    notAfterDate: new Date(Date.now() + 90 * 86_400_000),
    extensions: [{ name: 'subjectAltName', altNames: names.map((value) => ({ type: 2, value })) }],
  });
  fs.mkdirSync(dir, { recursive: true });
  const [keyPath, certPath] = [path.join(dir, 'backend.key'), path.join(dir, 'backend.crt')];
  fs.writeFileSync(keyPath, pems.private, { mode: 0o600 });
  fs.writeFileSync(certPath, pems.cert, { mode: 0o644 });
  return { keyPath, certPath };
}
