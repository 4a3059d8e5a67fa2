import assert from 'node:assert/strict';
import fs from 'node:fs';
import { describe, test } from 'node:test';
import { authorize, connect, isListening, startDemo } from '#test/support/demo-fleet.ts';
import { until } from '#test/support/until.ts';

describe('SSH into a demo node', () => {
  test('the commands of the incident document work word for word, for this node alone', async (t) => {
    const demo = await startDemo(t, { args: ['--nodes', '2'] });
    const node = demo.node();
    const { run } = await connect(t, node, { privateKey: authorize(demo, node) });
    const own = fs.readdirSync(`/proc/${node.pid}/fd`).length;

    assert.equal((await run('pgrep sniproxy-server')).stdout, `${node.pid}\n`);
    const counted = Number((await run('lsof -p $(pgrep sniproxy-server) | wc -l')).stdout);
    assert.ok(counted > own && counted < own + 60, `lsof counts ${counted} lines for ${own} fds, with mappings and header`);
    assert.match(
      (await run('curl http://localhost:9090/metrics | grep sniproxy_pool_active_connections')).stdout,
      /^sniproxy_pool_active_connections \d+$/m,
    );
    const start = (await run('curl -s http://localhost:9090/metrics | grep ^process_start_time_seconds')).stdout;
    assert.equal(start, ((await (await fetch(node.metricsUrl)).text()).match(/^process_start_time_seconds.*\n/m) ?? [])[0]);
    assert.match(
      (await run('journalctl -u sniproxy -n 50 --no-pager -o short-iso')).stdout,
      /^\S+T\S+\+0000 edge-fra-01 sniproxy-server\[\d+\]: /m,
    );
    assert.equal((await run(`sudo -n sniproxy-server -t -c ${node.configPath}`)).code, 0);
    const sockets = (await run('ss -tanp')).stdout.split('\n');
    const listeners = sockets.filter((line) => line.startsWith('LISTEN'));
    assert.equal(listeners.length, 3);
    assert.ok(listeners.every((line) => line.includes(`("sniproxy-server",pid=${node.pid},`)));
  });

  test('journalctl -f tells what happens from now on, and ends when nobody reads any more', async (t) => {
    const demo = await startDemo(t);
    const node = demo.node();
    const { client } = await connect(t, node, { privateKey: authorize(demo, node) });
    let seen = '';
    const before = demo.left().length;
    await new Promise<void>((resolve, reject) => {
      client.exec('journalctl -u sniproxy -n 0 -f', (error, channel) => {
        if (error) return reject(error);
        channel.on('data', (chunk: Buffer) => {
          seen += chunk.toString();
          if (seen.includes('Reloaded sniproxy.service')) client.end();
        });
        channel.on('close', () => resolve());
        void connect(t, node, { privateKey: authorize(demo, node) }).then(({ run }) => run('systemctl reload sniproxy'));
      });
    });
    await until('the follower is gone', () => demo.left().length <= before);
  });

  test('exit codes, signals, both outputs and standard input are those of the command', async (t) => {
    const demo = await startDemo(t);
    const node = demo.node();
    const { run } = await connect(t, node, { privateKey: authorize(demo, node) });
    assert.deepEqual(await run('cat; echo problem >&2; exit 7', 'some input'), {
      code: 7,
      signal: null,
      stdout: 'some input',
      stderr: 'problem\n',
    });
    assert.deepEqual(await run('kill -TERM $$'), { code: null, signal: 'SIGTERM', stdout: '', stderr: '' });
    const big = await run('head -c 3000000 /dev/zero | tr "\\0" x');
    assert.equal(big.stdout.length, 3_000_000);
    for (let i = 0; i < 12; i++) assert.equal((await run('true')).code, 0);
    assert.match((await run('env')).stdout, new RegExp(`^HEADROOM_DATA_DIR=${demo.dataDir}$`, 'm'));
  });

  test('only an authorised key of the one account gets in, and forwarding leads to the metrics page alone', async (t) => {
    const demo = await startDemo(t);
    const node = demo.node();
    const privateKey = authorize(demo, node);
    const stranger = authorize(demo, node);
    const { client } = await connect(t, node, { privateKey });
    const file = demo.path(node, 'home', 'sre', '.ssh', 'authorized_keys');
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').split('\n').slice(0, 1).join('\n'));
    await assert.rejects(connect(t, node, { privateKey: stranger }), /authentication/i);
    await assert.rejects(connect(t, node, { privateKey, username: 'root' }), /authentication/i);
    const forward = (port: number) =>
      new Promise<string>((resolve, reject) => {
        client.forwardOut('127.0.0.1', 0, '127.0.0.1', port, (error, channel) => {
          if (error) return reject(error);
          let text = '';
          channel.on('data', (chunk: Buffer) => (text += chunk.toString()));
          channel.on('close', () => resolve(text));
          channel.end('GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
        });
      });
    assert.match(await forward(Number(new URL(node.metricsUrl).port)), /^process_open_fds \d/m);
    await assert.rejects(forward(node.sshPort));
  });

  test('a killed SSH server comes back on its port with the host key of the file; a stopped one is left alone', async (t) => {
    const demo = await startDemo(t);
    const { sshPid, sshPort, pid, hostKeyPath } = demo.node();
    assert.ok(sshPid);
    const privateKey = authorize(demo, demo.node());
    const first = (await connect(t, demo.node(), { privateKey })).fingerprint;
    process.kill(sshPid, 'SIGSTOP');
    fs.writeFileSync(hostKeyPath, privateKey, { mode: 0o600 });
    process.kill(sshPid, 'SIGCONT');
    assert.equal((await connect(t, demo.node(), { privateKey })).fingerprint, first);
    assert.equal(demo.node().sshPid, sshPid);
    process.kill(sshPid, 'SIGKILL');
    await until('another SSH server listens', async () => demo.node().sshPid !== sshPid && (await isListening(sshPort)));
    assert.notEqual((await connect(t, demo.node(), { privateKey })).fingerprint, first);
    assert.equal(demo.node().sshPort, sshPort);
    assert.equal(demo.node().pid, pid);
  });
});
