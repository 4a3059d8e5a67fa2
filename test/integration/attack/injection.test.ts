import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type Command, catalogue } from '#server/ssh/index.ts';
import { nodeInputSchema } from '#shared/nodes.ts';
import { fakeNode } from '#test/support/fake-node.ts';
import { pin, testSsh } from '#test/support/ssh-client.ts';
import { startOpenSsh } from '#test/support/ssh-servers.ts';

// What a person or a file may write into a field ends in a shell of a node, often as root. CVE-2026-27130 and -45628 (Dokploy): shell strings built from
// such fields. Each payload makes a file where it runs; none may be made.

const MARK = 'HEADROOM_WAS_HERE';
const PAYLOADS = [
  `; touch ${MARK};`,
  `$(touch ${MARK})`,
  `\`touch ${MARK}\``,
  `' ; touch ${MARK}; '`,
  `" ; touch ${MARK}; "`,
  `'$(touch ${MARK})'`,
  `| touch ${MARK}`,
  `& touch ${MARK} &`,
  `&& touch ${MARK}`,
  `|| touch ${MARK}`,
  `> ${MARK}`,
  `\${IFS}touch\${IFS}${MARK}`,
  `$((1))$(touch\t${MARK})`,
  `\\'; touch ${MARK}; \\'`,
  `--eval=touch ${MARK}`,
  `-oProxyCommand=touch ${MARK}`,
  `{touch,${MARK}}`,
  `%n$(touch ${MARK})%s`,
  `~(touch ${MARK})`,
  `*;touch ${MARK};?`,
  `#; touch ${MARK}`,
  `!touch ${MARK}!`,
  `\u2028touch ${MARK}`,
  `é'"; touch ${MARK} #`,
];
/** Where a name may hold a line's end, and where nothing should. */
const WITH_LINES = [`\ntouch ${MARK}\n`, `\r\ntouch ${MARK}`, `a\0touch ${MARK}`];

const LATER = Date.now() + 3_600_000;
const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** Every command of the catalogue about a node, on this path. */
function commandsAt(unit: string, configPath: string, bytes: Buffer): Command[] {
  const service = { unit, configPath };
  const acting = { ...service, runId: 'r_1', notAfter: LATER };
  const now = sha(bytes);
  const next = Buffer.from(`${bytes}# ${PAYLOADS.join(' ')}\n`);
  return [
    catalogue.hello({ ...service, helperPath: `${path.dirname(configPath)}/helper` }),
    catalogue.probe({ ...service, sockets: true }),
    catalogue.xray(service),
    catalogue.check(service),
    catalogue.readConfig(service),
    catalogue.backupConfig({ ...acting, expectedSha256: now }),
    catalogue.readBackup({ ...service, runId: 'r_1' }),
    catalogue.writeConfig({ ...acting, bytes: next, sha256: sha(next), expectedSha256: now }),
    catalogue.validateConfig(service),
    catalogue.history(service),
    catalogue.journal({ ...service, sinceSeconds: 0, lines: 5 }),
    catalogue.service({ ...acting, mode: 'reload' }),
    ...(['arm', 'extend', 'state', 'disarm'] as const).flatMap((operation) => {
      try {
        return [catalogue.revert({ ...acting, operation, seconds: 60 })];
      } catch {
        // refused where it is made: a path that a timer's command line cannot hold
        return [];
      }
    }),
  ];
}

/** Every command on a node whose folder is called by the payload; how many there were. */
async function attacked(t: TestContext, payload: string): Promise<number> {
  const node = fakeNode(t, { dirName: payload.replaceAll('/', '-').slice(0, 120) });
  const said = new Map<string, Ended>();
  const commands = commandsAt('sniproxy', node.configPath, fs.readFileSync(node.configPath));
  // In a directory of its own, so that what is made by a relative name is found.
  for (const command of commands) said.set(command.name, await inShell(command, { env: node.env, cwd: node.dir }));
  assert.deepEqual(madeBelow(node.dir), [], payload);
  assert.match(said.get('read-config')?.output ?? '', /connection_pool/, payload);
  assert.equal(said.get('write-config')?.status, 0, `${payload}: ${said.get('write-config')?.output}`);
  assert.match(fs.readFileSync(node.configPath, 'utf8'), /^# .*touch/m);
  return commands.length;
}

type Ended = { status: number | null; output: string };

/** As sshd runs it: the whole text by the account's shell. */
function inShell(command: Command, options: { env: NodeJS.ProcessEnv; cwd: string }): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', command.text], { ...options, stdio: 'pipe', timeout: 30_000 });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('close', (status) => resolve({ status, output }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(command.stdin ?? undefined);
  });
}

function madeBelow(dir: string): string[] {
  return fs.readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => path.basename(name) === MARK);
}

describe('CVE-2026-27130, CVE-2026-45628: a shell string built from a field', () => {
  test('a path of any name is a path and nothing else, in every command of the catalogue, in a real /bin/sh', async (t) => {
    let ran = 0;
    const left = PAYLOADS.values();
    const lane = async () => {
      for (const payload of left) {
        const commands = await attacked(t, payload);
        ran += commands;
      }
    };
    await Promise.all(Array.from({ length: 6 }, lane));
    assert.ok(ran > 300, `${ran} commands`);
    assert.equal(fs.existsSync(MARK), false);
  });

  test('through a real sshd too', async (t) => {
    const payload = PAYLOADS[3] ?? '';
    const node = fakeNode(t, { dirName: payload });
    const server = await startOpenSsh(t, { env: { PATH: node.env.PATH } });
    const { ssh, db } = await testSsh(t, server.privateKey, 'n_1');
    await pin(db, 'n_1', server.fingerprint());
    const bytes = fs.readFileSync(node.configPath);
    for (const command of commandsAt('sniproxy', node.configPath, bytes))
      await ssh.exec(server.target('n_1'), command).catch(() => undefined);
    assert.deepEqual(madeBelow(node.dir), []);
    assert.match(fs.readFileSync(node.configPath, 'utf8'), /^# .*touch/m);
  });

  test('a field that needs no such signs takes none: name, host, user, unit, label, jump host, metrics URL', () => {
    const good = { name: 'edge-1', host: '10.0.0.1', user: 'sre' };
    const made = (more: Record<string, unknown>) => nodeInputSchema.safeParse({ ...good, ...more });
    let refused = 0;
    for (const payload of [...PAYLOADS, ...WITH_LINES]) {
      const fields: Record<string, unknown>[] = [
        { name: payload },
        { host: payload },
        { user: payload },
        { unit: payload },
        { labels: { group: payload } },
        { labels: { [payload]: 'x' } },
        { transport: 'openssh', proxyJump: payload },
        { transport: 'openssh', proxyJump: `bastion${payload}` },
        { proxyJumpKey: payload },
        { metrics: { via: 'ssh', url: payload } },
        { sshPort: payload },
        { transport: payload },
      ];
      for (const field of fields) {
        assert.equal(made(field).success, false, JSON.stringify(field));
        refused++;
      }
    }
    for (const lines of WITH_LINES) assert.equal(made({ configPath: `/etc/${lines}/c.yaml` }).success, false, JSON.stringify(lines));
    for (const option of ['-oProxyCommand=x', '--help', '-v'])
      assert.equal(made({ host: option }).success || made({ user: option }).success, false, option);
    assert.ok(refused > 300);
  });

  test('what can never be a word of a command is refused where the command is made', () => {
    const service = { unit: 'sniproxy', configPath: '/etc/c.yaml' };
    const acting = { ...service, runId: 'r_1', notAfter: LATER };
    for (const bad of [...PAYLOADS, ...WITH_LINES, '-x', '']) {
      assert.throws(() => catalogue.journal({ unit: bad, configPath: '/etc/c.yaml', sinceSeconds: 0, lines: 1 }), /unit/, bad);
      assert.throws(() => catalogue.backupConfig({ ...acting, runId: bad, expectedSha256: sha(Buffer.from('')) }), /run id/, bad);
      assert.throws(() => catalogue.backupConfig({ ...acting, expectedSha256: bad }), /sha256/, bad);
      assert.throws(() => catalogue.fetchMetrics({ url: bad }), /URL/, bad);
    }
    for (const path_ of ['relative', '', ...WITH_LINES.map((lines) => `/etc/${lines}`)])
      assert.throws(() => catalogue.readConfig({ unit: 'sniproxy', configPath: path_ }), /path/, path_);
    assert.throws(() => catalogue.journal({ ...service, sinceSeconds: Number.NaN, lines: 1 }), /number/);
  });

  test('a URL is one word, whatever stands behind its host', (t) => {
    const node = fakeNode(t);
    for (const payload of PAYLOADS) {
      const url = `http://127.0.0.1:9/${payload}`;
      if (!nodeInputSchema.safeParse({ name: 'a', host: 'h', user: 'u', metrics: { via: 'ssh', url } }).success) continue;
      const command = catalogue.fetchMetrics({ url: new URL(url).href });
      spawnSync('/bin/sh', ['-c', command.text], { env: node.env, cwd: node.dir, timeout: 10_000 });
    }
    assert.deepEqual(madeBelow(node.dir), []);
  });
});
