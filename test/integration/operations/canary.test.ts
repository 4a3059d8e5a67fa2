import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { openDatabase } from '#server/db/index.ts';
import { readConfig } from '#server/kernel/config.ts';
import { backup } from '#server/operations/index.ts';
import { createSettings, openKeyring } from '#server/settings/index.ts';
import { hasEnded } from '#shared/runs.ts';
import { type ConsoleProcess, spawnConsole, startConsole } from '#test/support/console-process.ts';
import { until } from '#test/support/until.ts';

const canary = (): string => `Canary-${randomBytes(18).toString('base64url')}`;
const SECRET = randomBytes(33).toString('base64');

const PLANTED = {
  'the admin password': canary(),
  'a mistyped password': canary(),
  'the secret of the OIDC client': canary(),
  'the password in HEADROOM_PROMETHEUS_URL': canary(),
  'the password of a mail server': canary(),
  'the key that signs a webhook': `whsec_${randomBytes(32).toString('base64')}`,
  'the URL of a chat webhook': `https://127.0.0.1:9/services/${canary()}`,
  'the Authorization of an Alertmanager': `Bearer ${canary()}`,
  'the integration key of a pager': randomBytes(16).toString('hex'),
  HEADROOM_SECRET: SECRET,
};

const tempDir = (t: TestContext) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'canary-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  return dir;
};

/** The forms in which a text may be written down: as it is, in hex, in a URL, in JSON, and inside anything in base64, at each of its three alignments. */
function forms(text: string): string[] {
  const bytes = Buffer.from(text);
  const inBase64 = [0, 1, 2].flatMap((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // the first and last characters also hold bits of what is around it
    const core = whole.slice(before === 0 ? 0 : before + 1, -2);
    return [core, core.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return [...new Set([text, bytes.toString('hex'), encodeURIComponent(text), JSON.stringify(text).slice(1, -1), ...inBase64])];
}

function filesBelow(dir: string): string[] {
  return fs
    .readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => path.join(file.parentPath, file.name));
}

/** What the console's people do in a day, and what goes wrong in it. Gives every answer but the one that shows a new token. */
async function aDay(t: TestContext, console: ConsoleProcess, dataDir: string) {
  const answers: string[] = [];
  const { port, url } = console;
  let cookie = '';
  const ask = async (method: string, at: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}${at}`, {
      method,
      redirect: 'manual',
      headers: { 'content-type': 'application/json', origin: url, ...(cookie && { cookie }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, text, response };
  };
  const note = async (...asked: Parameters<typeof ask>) => {
    const { status, text, response } = await ask(...asked);
    const told = [...response.headers].filter(([name]) => name !== 'set-cookie').map(([name, value]) => `${name}: ${value}`);
    answers.push(`${asked[0]} ${asked[1]} ${status}\n${told.join('\n')}\n${text}`);
    return { status, json: response.headers.get('content-type')?.startsWith('application/json') ? JSON.parse(text) : null };
  };
  await note('POST', '/api/v1/auth/sign-in', { email: 'ada@example.com', password: PLANTED['a mistyped password'] });
  const signedIn = await ask('POST', '/api/v1/auth/sign-in', { email: 'ada@example.com', password: PLANTED['the admin password'] });
  assert.equal(signedIn.status, 200, signedIn.text);
  cookie = signedIn.response.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const signature = decodeURIComponent(cookie).split('.').at(-1) ?? '';
  const made = await ask('POST', '/api/v1/tokens', { name: 'ci', role: 'admin' });
  assert.equal(made.status, 201, made.text);
  const { token } = JSON.parse(made.text) as { token: string };
  const asToken = { authorization: `Bearer ${token}` };
  const channels = [
    { name: 'hook', target: { kind: 'webhook', url: 'http://127.0.0.1:9/x' }, secret: PLANTED['the key that signs a webhook'] },
    { name: 'chat', target: { kind: 'slack' }, secret: PLANTED['the URL of a chat webhook'] },
    { name: 'pager', target: { kind: 'pagerduty' }, secret: PLANTED['the integration key of a pager'] },
    { name: 'am', target: { kind: 'alertmanager', url: 'http://127.0.0.1:9' }, secret: PLANTED['the Authorization of an Alertmanager'] },
    {
      name: 'mail',
      target: { kind: 'email', host: '127.0.0.1', port: 9, tls: 'starttls', user: 'u', from: 'a@example.com', to: ['b@example.com'] },
      secret: PLANTED['the password of a mail server'],
    },
  ];
  for (const channel of channels) {
    const added = await note('POST', '/api/v1/channels', { ...channel, allowPrivate: true });
    assert.equal(added.status, 201, answers.at(-1));
    await note('POST', `/api/v1/channels/${added.json.id}/test`, {});
  }
  const { json: node } = await note('POST', '/api/v1/nodes', { name: 'edge-1', host: '127.0.0.1', sshPort: port, user: 'sre' }, asToken);
  await note('POST', `/api/v1/nodes/${node.id}/check`, {}, asToken);
  await note('POST', '/api/v1/nodes', { name: 'NOT A NAME', host: token }, asToken);
  const { json: run } = await note(
    'POST',
    '/api/v1/runs',
    { runbook: 'fd-leak', selector: 'name=edge-1', strategy: { gates: 'auto', onFail: 'abort' } },
    asToken,
  );
  assert.ok(run?.id, answers.at(-1));
  await until(
    'the run ends',
    async () => {
      const { json } = await note('GET', `/api/v1/runs/${run.id}`, undefined, asToken);
      if (!hasEnded(json.status)) throw new Error(`${json.status}: ${json.summary}`);
      return true;
    },
    {
      timeoutMs: 30_000,
      everyMs: 250,
    },
  );
  const pages = ['/', '/settings', '/audit', `/runs/${run.id}`, '/login', '/metrics', '/healthz', '/readyz'];
  const noun = [
    'nodes',
    'fleet',
    'channels',
    'deliveries',
    'tokens',
    'audit',
    'audit/export',
    'ssh-key',
    'session',
    'auth/methods',
    'openapi',
    `runs/${run.id}/evidence`,
  ];
  for (const at of [...pages, ...noun.map((n) => `/api/v1/${n}`)]) await note('GET', at, undefined, at === '/metrics' ? asToken : {});
  await note('GET', `/api/v1/audit?token=${'x'}`, undefined, { authorization: 'Bearer hr_wrong', cookie: 'a=b' });
  await note('GET', '/api/v1/auth/oidc/start');
  const archive = path.join(tempDir(t), 'backup.tgz');
  await backup({ config: readConfig({ HEADROOM_DATA_DIR: dataDir }), file: archive, metrics: true, version: '0' });
  return { answers, archive, token, signature };
}

/** Every secret that was sealed, in clear: the console's SSH key, the keys that sign and whatever else is sealed one day. */
async function unsealAll(dataDir: string): Promise<[name: string, value: string][]> {
  const db = await openDatabase({ file: path.join(dataDir, 'headroom.db') });
  const source = { dataDir, secret: Buffer.from(SECRET, 'base64'), secretPrevious: null };
  const { sealed } = createSettings({ db, keyring: await openKeyring(db, source) });
  const names = await db.selectFrom('secrets').select('key').execute();
  const all: [string, string][] = [];
  for (const { key } of names) if (key !== 'ssh.public-key') all.push([key, (await sealed.get(key)) ?? '']);
  await db.destroy();
  return all;
}

test('no secret is in anything that a console writes: logs at trace, answers, pages, metrics, its files, a backup', async (t) => {
  const dataDir = tempDir(t);
  const console = await startConsole(t, {
    HEADROOM_DEMO: '0',
    HEADROOM_DATA_DIR: dataDir,
    HEADROOM_LOG_LEVEL: 'trace',
    HEADROOM_SECRET: SECRET,
    HEADROOM_ADMIN_EMAIL: 'ada@example.com',
    HEADROOM_ADMIN_PASSWORD: PLANTED['the admin password'],
    HEADROOM_PROMETHEUS_URL: `http://reader:${PLANTED['the password in HEADROOM_PROMETHEUS_URL']}@127.0.0.1:9`,
    HEADROOM_OIDC_ISSUER: 'https://127.0.0.1:9',
    HEADROOM_OIDC_CLIENT_ID: 'headroom',
    HEADROOM_OIDC_CLIENT_SECRET: PLANTED['the secret of the OIDC client'],
  });
  const { answers, archive, token, signature } = await aDay(t, console, dataDir);
  console.child.kill('SIGTERM');
  await console.ended;
  assert.ok(console.output().includes('"level":20'), 'the log holds lines of the level debug');

  const written: [where: string, bytes: Buffer][] = [
    ['stdout and stderr', Buffer.from(console.output())],
    ['the backup', gunzipSync(fs.readFileSync(archive))],
    ...answers.map((answer): [string, Buffer] => [`the answer to ${answer.split('\n')[0]}`, Buffer.from(answer)]),
    ...filesBelow(dataDir).map((file): [string, Buffer] => [path.relative(dataDir, file), fs.readFileSync(file)]),
  ];
  const secrets: [string, string][] = [...Object.entries(PLANTED), ['an API token', token], ['the signature of a session', signature]];
  for (const [name, value] of await unsealAll(dataDir)) {
    // of a key in PEM each line of its own
    const lines = value.split('\n').filter((line) => line.length >= 16 && !line.startsWith('-----'));
    // the first lines of an OpenSSH key hold its public half, which is no secret
    for (const line of name === 'ssh.private-key' ? lines.slice(2) : lines) secrets.push([`${name}, unsealed`, line]);
  }
  assert.ok(secrets.length > 14, secrets.map(([name]) => name).join());
  const found = secrets.flatMap(([name, value]) =>
    forms(value).flatMap((form) => written.filter(([, bytes]) => bytes.includes(form)).map(([where]) => `${name} is in ${where}`)),
  );
  assert.deepEqual([...new Set(found)], []);
  // the search itself finds what is there
  assert.ok(
    written.some(([, bytes]) => bytes.includes(createHash('sha256').update(token).digest('hex'))),
    'the hash of the token is in the database',
  );
});

test('a console that cannot reach its PostgreSQL says so without the password of the URL', async (t) => {
  const password = canary();
  const env = { HEADROOM_DEMO: '0', HEADROOM_DATA_DIR: tempDir(t), HEADROOM_LOG_LEVEL: 'trace', HEADROOM_SECRET: SECRET };
  const console = await spawnConsole(t, { ...env, HEADROOM_DATABASE_URL: `postgres://headroom:${password}@127.0.0.1:9/headroom` });
  const { code } = await console.ended;
  assert.equal(code, 78, console.output());
  for (const form of [...forms(password), ...forms(SECRET)]) assert.ok(!console.output().includes(form), console.output());
});
