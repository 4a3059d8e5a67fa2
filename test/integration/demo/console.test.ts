import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { readDemoFile } from '#demo/index.ts';
import { freePorts } from '#demo/node/ports.ts';
import { fingerprintOf } from '#demo/supervisor/provision.ts';
import { startFleet } from '#demo/supervisor/supervisor.ts';
import { nodeInputSchema } from '#shared/nodes.ts';
import { isListening, tempDir } from '#test/support/demo-fleet.ts';
import { until } from '#test/support/until.ts';

const callSchema = z.object({ route: z.string(), body: z.unknown(), demo: z.string().optional() });

describe('the demo and its console', () => {
  test('each node is registered once with its pinned key, and a console that dies comes back while the nodes stay', async (t) => {
    const dataDir = path.join(tempDir(t), 'data');
    const [port = 0] = await freePorts(1);
    const options = { drills: ['eof-leak' as const, null], port, dataDir, consoleEntry: 'test/support/fake-console.ts' };
    const fleet = await startFleet(options, () => {}, new AbortController().signal);
    t.after(() => fleet.stop());
    const file = () => readDemoFile(dataDir) ?? assert.fail('no demo.json');
    const first = file();
    const calls = () =>
      fs
        .readFileSync(path.join(dataDir, 'calls.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => callSchema.parse(JSON.parse(line)));

    assert.deepEqual(Object.keys(first).sort(), ['apiToken', 'consolePid', 'nodes', 'signInUrl', 'url']);
    assert.deepEqual(
      first.nodes.map((node) => [node.name, node.drill]),
      [
        ['edge-fra-01', 'eof-leak'],
        ['edge-fra-02', null],
      ],
    );
    const names = first.nodes.map((node) => node.name);
    assert.deepEqual(
      calls().map((call) => call.route),
      ['GET ssh-key', ...names.flatMap((name) => ['POST nodes', `POST nodes/n_${name}/host-key`])],
    );
    const posted = calls().flatMap((call) => (call.route === 'POST nodes' ? nodeInputSchema.parse(call.body) : []));
    assert.deepEqual(
      posted.map((node) => [node.name, node.sshPort, node.configPath, node.metrics.via]),
      first.nodes.map((node, i) => [node.name, node.sshPort, node.configPath, i === 1 ? 'ssh' : 'http']),
    );
    const pins = calls().flatMap((call) =>
      call.route.endsWith('host-key') ? z.object({ fingerprint: z.string() }).parse(call.body).fingerprint : [],
    );
    assert.deepEqual(
      pins,
      first.nodes.map((node) => fingerprintOf(fs.readFileSync(`${node.hostKeyPath}.pub`, 'utf8'))),
    );
    for (const { hostKeyPath } of first.nodes)
      assert.match(fs.readFileSync(path.join(hostKeyPath, '../../../home/sre/.ssh/authorized_keys'), 'utf8'), /console\n$/);
    assert.ok(calls().every((call) => call.demo === '1'));

    assert.ok(first.consolePid);
    process.kill(first.consolePid, 'SIGKILL');
    await until('another console', async () => file().consolePid !== first.consolePid && (await isListening(port)));
    assert.deepEqual(file().nodes, first.nodes);
    assert.equal(calls().filter((call) => call.route === 'POST nodes').length, 2);

    await fleet.stop();
    assert.equal(readDemoFile(dataDir), null);
    assert.equal(await isListening(port), false);
  });

  test('a console that does not start ends the demo with the reason, and nothing is left', async (t) => {
    const dataDir = path.join(tempDir(t), 'data');
    const [port = 0] = await freePorts(1);
    const options = { drills: [null], port, dataDir, consoleEntry: 'test/support/no-such-console.ts' };
    await assert.rejects(
      startFleet(options, () => {}, new AbortController().signal),
      /the console does not start[\s\S]*no-such-console/,
    );
    assert.equal(readDemoFile(dataDir), null);
    assert.ok(!fs.existsSync(path.join(dataDir, 'demo.sock')));
  });
});
