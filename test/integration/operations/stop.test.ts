import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { type ConsoleProcess, provisionedDir, startConsole } from '#test/support/console-process.ts';
import { until } from '#test/support/until.ts';

/** A port that takes a connection and hangs up after `ms`: a request that waits for SSH takes that long. */
async function slowServer(t: TestContext, ms: number): Promise<{ port: number }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    setTimeout(() => socket.destroy(), ms).unref();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return { port: typeof address === 'object' && address ? address.port : 0 };
}

async function withSlowNode(t: TestContext, ms: number): Promise<{ console: ConsoleProcess; check: Promise<number | Error> }> {
  const slow = await slowServer(t, ms);
  const console = await startConsole(t, { HEADROOM_DATA_DIR: provisionedDir(t) });
  const json = { name: 'edge-1', host: '127.0.0.1', sshPort: slow.port, user: 'sre', metrics: { via: 'none' } };
  const { id } = (await (await console.ask('/api/v1/nodes', { json })).json()) as { id: string };
  const check = console.ask(`/api/v1/nodes/${id}/check`, { json: {} }).then(
    async (response) => {
      await response.text();
      return response.status;
    },
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  );
  // the check may wait for a connection that the console has open already; what is asked after it and answered was taken in after it
  await console.ask('/api/v1/session');
  return { console, check };
}

describe('a console that is told to stop', () => {
  test('answers what was being asked, ends event streams with a word on when to come back, takes nothing new, and is gone within 10 s', async (t) => {
    const { console, check } = await withSlowNode(t, 1500);
    const events = await console.ask('/api/v1/events');
    const heard = events.text();
    const begun = performance.now();
    console.child.kill('SIGTERM');
    const late = await until('nothing new is taken', async () => {
      const answer = await fetch(`${console.url}/readyz`).catch((error: unknown) => error);
      return answer instanceof Response ? answer.status === 503 && answer : answer;
    });
    assert.ok(late);
    assert.equal(await check, 200);
    assert.match(await heard, /retry: \d{4}\n\n$/);
    assert.deepEqual(await console.ended, { code: 0, signal: null }, console.output());
    assert.ok(performance.now() - begun < 10_000);
  });

  test('and told again does not wait', async (t) => {
    const { console, check } = await withSlowNode(t, 60_000);
    console.child.kill('SIGTERM');
    await until('it stops', async () => (await fetch(`${console.url}/readyz`).catch(() => null)) === null);
    const again = performance.now();
    console.child.kill('SIGTERM');
    assert.equal((await console.ended).code, 1);
    assert.ok(performance.now() - again < 1000);
    assert.ok((await check) instanceof Error);
  });
});

test('/healthz says live and /readyz ready, with what was looked at, to everybody; a request has an id that its log lines carry', async (t) => {
  const console = await startConsole(t, { HEADROOM_DATA_DIR: provisionedDir(t), HEADROOM_LOG_LEVEL: 'debug' });
  assert.deepEqual(await (await fetch(`${console.url}/healthz`)).json(), { status: 'ok' });
  const ready = await (await fetch(`${console.url}/readyz`)).json();
  assert.deepEqual(ready, { status: 'ready', checks: { database: 'ok', disk: 'ok', workers: 'ok', process: 'ok' } });
  const made = await console.ask('/api/v1/tokens', { json: { name: 'ci', role: 'viewer' } });
  const id = made.headers.get('x-request-id') ?? '';
  const { id: token } = (await made.json()) as { id: string };
  const lines = await until('the lines of the request', (): Record<string, unknown>[] | null => {
    const mine = console
      .output()
      .split('\n')
      .filter((line) => line.includes(`"request":"${id}"`));
    return mine.length < 2 ? null : mine.map((line) => JSON.parse(line));
  });
  const command = lines.find(({ msg }) => msg === 'command') ?? assert.fail();
  const request = lines.find(({ msg }) => msg === 'request') ?? assert.fail();
  assert.deepEqual(
    [command.action, command.object, request.method, request.path, request.status],
    ['token.create', `token:${token}`, 'POST', '/api/v1/tokens', 201],
  );
  const audit = (await (await console.ask('/api/v1/audit?limit=1')).json()) as { entries?: { seq: number }[]; rows?: { seq: number }[] };
  assert.ok(JSON.stringify(audit).includes(`"seq":${command.audit}`), `${JSON.stringify(command)} ${JSON.stringify(audit).slice(0, 300)}`);
});
