import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import type { Db } from '#server/db/index.ts';
import { systemClock } from '#server/kernel/clock.ts';
import { createSsh, pinHostKey, type Ssh } from '#server/ssh/index.ts';
import { testDatabase } from './database.ts';

export const admin = { kind: 'user', id: 'u_1', name: 'Ada', role: 'admin' } as const;

/** Our side of SSH with a database of its own, in which the node `id` is registered. */
export async function testSsh(t: TestContext, privateKey: string, id: string): Promise<{ ssh: Ssh; db: Db }> {
  const db = await testDatabase(t);
  await registerNode(db, id);
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-openssh-'));
  const openssh = { dir: path.join(dir, 'ssh') };
  const ssh = createSsh({ db, identity: async () => privateKey, clock: systemClock, log: pino({ level: 'silent' }), openssh });
  t.after(async () => {
    await ssh.close();
    fs.rmSync(dir, { recursive: true, force: true });
  });
  return { ssh, db };
}

export async function registerNode(db: Db, id: string): Promise<void> {
  const blank = { host: '127.0.0.1', sshPort: 22, user: 'sre', unit: 'sniproxy', configPath: '/etc/sniproxy/config.yaml' };
  await db
    .insertInto('nodes')
    .values({ id, name: `node-${id}`, ...blank, metrics: '{"via":"none"}', labels: '{}', version: 1, createdAt: 0 })
    .execute();
}

export async function pin(db: Db, id: string, fingerprint: string, reason?: string): Promise<void> {
  const input = pinHostKey.input.parse({ id, fingerprint, ...(reason !== undefined && { reason }) });
  await db.transaction().execute((tx) => pinHostKey.run(tx, input, { actor: admin, now: Date.now() }));
}
