import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import * as nodeRoute from '#app/api/v1/nodes/[id]/route.ts';
import * as nodesRoute from '#app/api/v1/nodes/route.ts';
import { applyFleet } from '#cli/apply.ts';
import { headroom } from '#cli/headroom.ts';
import { createHttp } from '#client/http.ts';
import { testConsole } from '#test/support/console.ts';

/** A console whose registry answers over HTTP, and what apply says of it. */
async function place(t: TestContext) {
  const { runtime, token } = await testConsole(t);
  const admin = await token('admin');
  const server = createServer(async (request, response) => {
    const [, , , noun, id] = (request.url ?? '').split('/');
    const module = noun !== 'nodes' ? undefined : id === undefined ? nodesRoute : nodeRoute;
    const handler = module?.[(request.method ?? 'GET') as keyof typeof module] as
      | ((r: Request, c: object) => Promise<Response>)
      | undefined;
    const body = request.method === 'GET' ? undefined : Buffer.concat(await request.toArray());
    const asked = new Request(`http://127.0.0.1${request.url}`, {
      method: request.method ?? 'GET',
      headers: request.headers as Record<string, string>,
      ...(body !== undefined && body.length > 0 && { body }),
    });
    const answer = handler ? await handler(asked, { params: Promise.resolve({ id }) }) : new Response('{}', { status: 404 });
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => server.close(resolve)));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const said: string[] = [];
  const apply = async (text: string, flags: { yes?: boolean; dryRun?: boolean; prune?: boolean } = {}, key = admin) => {
    said.length = 0;
    const http = createHttp({ baseUrl: url, headers: { authorization: `Bearer ${key}` } });
    const asked = { http, url, dryRun: false, yes: true, prune: false, ...flags };
    return applyFleet(text, { ...asked, say: (line) => said.push(line), sleep: async () => undefined });
  };
  const cli = (words: string[], key = admin) => headroom(words, { env: { HEADROOM_URL: url, HEADROOM_TOKEN: key } });
  const names = async () => (await runtime.nodes.list()).map((n) => n.name);
  return { runtime, apply, cli, names, said, token };
}

const TWO = 'nodes:\n  - { name: edge-1, host: 10.0.0.1, user: sre }\n  - { name: edge-2, host: 10.0.0.2, user: sre }\n';

describe('headroom apply', () => {
  test('makes the registry what the file says, and then has nothing left to do', async (t) => {
    const { runtime, apply, names, said } = await place(t);
    assert.equal(await apply(TWO), 0);
    assert.deepEqual(await names(), ['edge-1', 'edge-2']);
    assert.equal(await apply(TWO), 0);
    assert.deepEqual(said, ['0 to add, 0 to change, 0 to remove, 2 as they should be', 'The fleet is as the file says.']);
    assert.equal(await apply(TWO.replace('10.0.0.2', '10.0.0.7')), 0);
    assert.match(said.join('\n'), /~ edge-2 {2}host/);
    assert.equal((await runtime.nodes.list())[1]?.host, '10.0.0.7');
    const audit = await runtime.db.selectFrom('audit').select('action').where('action', 'like', 'node.%').execute();
    assert.deepEqual(
      audit.map((a) => a.action),
      ['node.add', 'node.add', 'node.update'],
    );
  });

  test('without --yes, and with --dry-run, it only says what it would do', async (t) => {
    const { apply, names, said } = await place(t);
    assert.equal(await apply(TWO, { yes: false }), 1);
    assert.match(said.join('\n'), /\+ edge-1 {2}sre@10\.0\.0\.1:22[\s\S]*Add --yes/);
    assert.equal(await apply(TWO, { dryRun: true }), 1);
    assert.deepEqual(await names(), []);
  });

  test('takes nothing out unless told to', async (t) => {
    const { apply, names, said } = await place(t);
    await apply(TWO);
    const one = TWO.split('\n').slice(0, 2).join('\n');
    assert.equal(await apply(one), 0);
    assert.match(said.join('\n'), /\? edge-2 {2}is not in the file; --prune/);
    assert.deepEqual(await names(), ['edge-1', 'edge-2']);
    assert.equal(await apply(one, { prune: true }), 0);
    assert.deepEqual(await names(), ['edge-1']);
  });

  test('what export writes is the fleet: applied, it has nothing to do', async (t) => {
    const { apply, cli, said } = await place(t);
    await apply(`nodes:
  - { name: edge-1, host: 10.0.0.1, user: sre, sshPort: 2222, labels: { group: edge, site: "01" }, metrics: { via: none } }
  - { name: edge-2, host: "2001:db8::7", user: ops, unit: sniproxy@2, configPath: /srv/proxy/config.yaml, transport: openssh, proxyJump: "sre@bastion:22" }
  - { name: edge-3, host: edge-3.example, user: sre, metrics: { via: http, url: "http://10.0.0.3:9090/metrics" } }
`);
    const { lines, code } = await cli(['export']);
    assert.equal(code, 0, lines.join('\n'));
    assert.equal(await apply(lines.join('\n')), 0);
    assert.deepEqual(said, ['0 to add, 0 to change, 0 to remove, 3 as they should be', 'The fleet is as the file says.']);
    assert.ok(!/sshPort: 22$|transport: ssh2|unit: sniproxy$|createdAt|version/m.test(lines.join('\n')), 'what is the default is left out');
    const json = await cli(['export', '--json']);
    assert.equal(await apply(json.lines.join('\n')), 0);
  });

  test('a token that may not ends with 4; a file that is none and a console that is not named with 2; each with a reason', async (t) => {
    const { apply, cli, said, token } = await place(t);
    const two = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'fleet-')), 'two.yaml');
    fs.writeFileSync(two, TWO);
    t.after(() => fs.rmSync(path.dirname(two), { recursive: true }));
    const refused = await cli(['apply', two, '--yes'], await token('viewer'));
    assert.deepEqual([refused.code, refused.error], [4, true]);
    assert.match(refused.lines.join('\n'), /You may not do this \(auth\.forbidden\)\n {2}this needs the permission node\.write/);
    assert.equal(await apply('nodes: 3'), 2);
    assert.match(said.join('\n'), /the file cannot be applied: nodes/);
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'fleet-')), 'fleet.yaml');
    fs.writeFileSync(file, TWO);
    t.after(() => fs.rmSync(path.dirname(file), { recursive: true }));
    assert.match((await headroom(['apply', file])).lines.join(), /set HEADROOM_URL/);
    assert.equal((await headroom(['apply', file, '--force'])).code, 2);
  });
});
