import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { isHeadroomError } from '#server/kernel/errors.ts';
import { createLog } from '#server/kernel/log.ts';
import { createNodeOps, createSsh } from '#server/ssh/index.ts';
import { testDatabase } from '#test/support/database.ts';
import { makeKeyPair } from '#test/support/ssh-servers.ts';
import { connect } from '../../../lib/server/ssh/connect.ts';
import { createHostKeys } from '../../../lib/server/ssh/host-keys.ts';
import { vetted } from '../../../lib/server/ssh/where.ts';

// An address of a node is where the console connects to, with its key in its hand, and the pages of a metrics service at 169.254.169.254 are the
// credentials of the machine that asks.

/** One place in many clothes: dotted, one number, hexadecimal, octal, short, in IPv6; and other clouds'. */
const FORMS = [
  '169.254.169.254',
  '2852039166',
  '0xa9fea9fe',
  '0251.0376.0251.0376',
  '169.254.43518',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:0:0:0:0:a9fe:a9fe',
  '0064:ff9b::a9fe:a9fe',
  '64:ff9b:1::a9fe:a9fe',
  '0:0:0:0:0:ffff:a9fe:a9fe',
  '::ffff:0:a9fe:a9fe',
  '::a9fe:a9fe',
  '::169.254.169.254',
  '2002:a9fe:a9fe::1',
  'fd00:0ec2:0::254',
  '168.63.129.16',
  '192.0.0.192',
  'fd00:ec2::254',
  'fe80::1%lo',
  '0.0.0.0',
  '::',
  '100.100.100.200',
  '224.0.0.1',
];

const CLOCK = { now: Date.now, sleep: async () => undefined };

const target = (host: string, more: { transport?: 'ssh2' | 'openssh'; proxyJump?: string } = {}) => ({
  ...{ id: 'n_1', name: 'edge-1', host, sshPort: 22, user: 'sre', unit: 'sniproxy', configPath: '/etc/c.yaml' },
  ...{ metrics: { via: 'none' as const }, labels: {}, version: 1, createdAt: '2026-01-01T00:00:00.000Z' },
  ...more,
});

async function setUp(t: TestContext) {
  const db = await testDatabase(t);
  const dialled: string[] = [];
  const attempt = async (host: string, lookup?: (name: string) => Promise<string[]>) => {
    const deps = {
      target: target(host),
      hostKeys: createHostKeys({ db, clock: CLOCK }),
      privateKey: makeKeyPair().private,
      timeoutMs: 5000,
      ...(lookup && { lookup }),
      dial: async ({ addresses }: { addresses: string[] }) => {
        dialled.push(...addresses);
        throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
      },
    };
    try {
      await connect(deps);
    } catch (error) {
      return isHeadroomError(error) ? error.message : String(error);
    }
    return 'connected';
  };
  return { db, dialled, attempt };
}

describe('SSRF through the address of a node', () => {
  test('no form of a metadata address is dialled', async (t) => {
    const { dialled, attempt } = await setUp(t);
    for (const host of FORMS) assert.match(await attempt(host), /is not tried: .* metadata services|host name is not known/, host);
    assert.deepEqual(dialled, []);
  });

  test('a name that leads there is not dialled, nor one with a good address beside it', async (t) => {
    const { dialled, attempt } = await setUp(t);
    for (const addresses of [['169.254.169.254'], ['10.0.0.1', '169.254.169.254'], ['10.0.0.1', '::ffff:a9fe:a9fe']])
      assert.match(await attempt('edge-1.example', async () => addresses), /leads to .*metadata services/);
    assert.deepEqual(dialled, []);
  });

  test('a name is looked up once, and what is dialled is what was looked at (DNS rebinding)', async (t) => {
    const { dialled, attempt } = await setUp(t);
    let asked = 0;
    const turning = async () => (asked++ % 2 === 0 ? ['127.0.0.1'] : ['169.254.169.254']);
    assert.match(await attempt('edge-1.example', turning), /was refused/);
    assert.deepEqual([asked, dialled], [1, ['127.0.0.1']]);
    assert.match(await attempt('edge-1.example', turning), /metadata services/);
    assert.deepEqual(dialled, ['127.0.0.1']);
  });

  test('the system’s ssh is not even started for one, nor through a jump host, nor to one', async (t) => {
    const { db } = await setUp(t);
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'dials-'));
    const started = path.join(dir, 'started');
    fs.writeFileSync(path.join(dir, 'ssh'), `#!/bin/sh\necho "$@" >> ${started}\nexit 255\n`, { mode: 0o755 });
    const before = process.env.PATH;
    process.env.PATH = `${dir}:${before}`;
    const identity = makeKeyPair().private;
    const ssh = createSsh({
      db,
      identity: async () => identity,
      clock: CLOCK,
      log: createLog({ level: 'silent', pretty: false }),
      openssh: { dir: path.join(dir, 'o'), certificate: async () => null },
    });
    t.after(async () => {
      process.env.PATH = before;
      await ssh.close();
      fs.rmSync(dir, { recursive: true, force: true });
    });
    const ops = createNodeOps(ssh, CLOCK);
    const tried = (one: ReturnType<typeof target>) => ops.readConfig(one, { timeoutMs: 4000 });
    for (const host of ['169.254.169.254', '2852039166', '::ffff:a9fe:a9fe'])
      await assert.rejects(tried(target(host, { transport: 'openssh' })), /metadata services/, host);
    await assert.rejects(tried(target('10.0.0.1', { transport: 'openssh', proxyJump: 'sre@169.254.169.254' })), /metadata services/);
    await assert.rejects(tried(target('169.254.169.254', { transport: 'openssh', proxyJump: 'sre@127.0.0.1' })), /metadata services/);
    assert.equal(fs.existsSync(started), false);
    // A connection that a node makes for us: an address is the same from there.
    for (const host of ['169.254.169.254', '::ffff:a9fe:a9fe'])
      await assert.rejects(ssh.openTcp(target('127.0.0.1'), { host, port: 80 }, { timeoutMs: 2000 }), /metadata services/);
  });

  test('nor does the check of a node ask its metrics page there, however a URL writes it', async () => {
    for (const form of FORMS) {
      const { hostname } = new URL(`http://${form.includes(':') ? `[${form.replace(/%.*/, '')}]` : form}/`);
      await assert.rejects(vetted(target('127.0.0.1'), hostname.replace(/^\[|\]$/g, '')), /metadata services/, form);
    }
  });
});
