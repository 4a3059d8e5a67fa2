import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import tls from 'node:tls';
import { until } from '#test/support/until.ts';
import { certificate, run, startProxy, suiteOwner, tempDir } from './harness.ts';

const root = path.resolve(import.meta.dirname, '../../..');
/** An older Node, where the machine has one. */
const OLDER_NODES = ['/usr/bin/node', '/usr/local/bin/node'];

describe('the bundle', () => {
  const owner = suiteOwner();
  let bundle = '';

  before(async () => {
    const built = await run('/bin/sh', ['-c', `cd '${root}' && PATH='${root}/node_modules/.bin':$PATH && npm run build -w proxy-core`]);
    assert.equal(built.code, 0, built.stderr);
    // alone in its folder: nothing beside it is used
    bundle = path.join(tempDir(owner), 'sniproxy-server.mjs');
    fs.copyFileSync(path.join(root, 'proxy-core/dist/sniproxy-server.mjs'), bundle);
  });

  for (const workers of [1, 2])
    test(`routes a TLS connection with nothing but Node (workers: ${workers})`, async (t) => {
      const { key, cert } = certificate(t);
      const server = tls.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, (socket) => socket.end('hello'));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      t.after(() => server.close());
      const at = server.address();
      const port = at !== null && typeof at === 'object' ? at.port : 0;
      const proxy = await startProxy(t, `workers: ${workers}\nroutes: [{ match: secure.test, backends: ["127.0.0.1:${port}"] }]`, {
        command: [process.execPath, bundle],
      });
      const client = tls.connect({ port: proxy.port, host: '127.0.0.1', servername: 'secure.test', ca: fs.readFileSync(cert) });
      let text = '';
      client.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      await until('the backend answers through it', () => text === 'hello');
      client.destroy();
      assert.equal((await proxy.metrics()).get('sniproxy_protocol_distribution_total{protocol="tls"}'), 1);
      assert.equal(fs.readFileSync(`/proc/${proxy.pid}/comm`, 'utf8'), 'sniproxy-server\n');
    });

  test('is a program by itself: -V, -h, -t and --print-config', async (t) => {
    const file = path.join(tempDir(t), 'config.yaml');
    fs.writeFileSync(file, 'listen_addrs: ["0.0.0.0:443"]\n');
    assert.match((await run(process.execPath, [bundle, '-V'])).stdout, /^sniproxy-server \d+\.\d+\.\d+\n$/);
    assert.equal((await run(process.execPath, [bundle, '-h'])).code, 0);
    assert.equal((await run(process.execPath, [bundle, '-t', '-c', file])).stdout, `${file}: this config is good\n`);
    assert.match((await run(process.execPath, [bundle, '--print-config', '-c', file])).stdout, /^listen_addrs:/m);
    assert.equal(fs.readFileSync(bundle, 'utf8').split('\n')[0], '#!/usr/bin/env node');
    assert.ok((fs.statSync(path.join(root, 'proxy-core/dist/sniproxy-server.mjs')).mode & 0o111) !== 0, 'it may be executed');
  });

  test('on an older Node it says in one line what to do, and ends with 1', async (t) => {
    for (const node of OLDER_NODES.filter((file) => fs.existsSync(file))) {
      const version = (await run(node, ['-v'])).stdout.trim();
      if (Number(/^v([0-9]+)/.exec(version)?.[1]) >= 24) continue;
      const { code, stdout, stderr } = await run(node, [bundle, '-V']);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(
        stderr,
        new RegExp(`^sniproxy-server: it needs Node 24 or newer, and ${node} is Node ${version.slice(1)}: install Node 24 [^\n]+\n$`),
      );
      t.diagnostic(`on ${version}`);
    }
    // where there is none, a Node that only claims to be old
    const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.1.0' } })`;
    const { code, stderr } = await run(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, bundle, '-V']);
    assert.equal(code, 1);
    assert.match(stderr, /^sniproxy-server: it needs Node 24 or newer, and [^\n]+ is Node 22\.1\.0: install Node 24 [^\n]+\n$/);
  });
});
