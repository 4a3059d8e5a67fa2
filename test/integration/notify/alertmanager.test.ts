import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { z } from 'zod';
import { testConsole } from '#test/support/console.ts';
import { freePort } from '#test/support/free-port.ts';
import { until } from '#test/support/until.ts';
import { ADMIN, addChannel, alertOf, say, sink } from './rig.ts';

/** Debian's prometheus-alertmanager, telling a webhook at once. */
async function alertmanager(t: TestContext, webhook: string) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'alertmanager-'));
  const port = await freePort();
  const receivers = `receivers:\n  - name: hook\n    webhook_configs:\n      - url: ${webhook}\n        send_resolved: true\n`;
  fs.writeFileSync(
    path.join(dir, 'am.yml'),
    `route:\n  receiver: hook\n  group_by: [node]\n  group_wait: 0s\n  group_interval: 1s\n${receivers}`,
  );
  const url = `http://127.0.0.1:${port}`;
  const start = async () => {
    const child = spawn(
      'prometheus-alertmanager',
      [`--config.file=${dir}/am.yml`, `--storage.path=${dir}/data`, `--web.listen-address=127.0.0.1:${port}`, '--cluster.listen-address='],
      { stdio: 'ignore' },
    );
    const gone = new Promise((resolve) => child.once('close', resolve));
    const ready = async () => (await fetch(`${url}/-/ready`).catch(() => null))?.ok;
    await until('Alertmanager is ready', ready, { timeoutMs: 20_000, everyMs: 100 });
    return async () => {
      // in order: an Alertmanager that is killed forgets whom it told
      child.kill('SIGTERM');
      await gone;
    };
  };
  let stop = await start();
  t.after(async () => {
    await stop();
    fs.rmSync(dir, { recursive: true, force: true });
  });
  return {
    url,
    stop: () => stop(),
    start: async () => {
      stop = await start();
    },
  };
}

const listSchema = z.array(
  z.object({
    labels: z.record(z.string(), z.string()),
    annotations: z.record(z.string(), z.string()),
    endsAt: z.string(),
    generatorURL: z.string(),
  }),
);
const alertsOf = async (url: string) => listSchema.parse(await (await fetch(`${url}/api/v2/alerts`)).json());
const signal = (patch = {}) => alertOf({ kind: 'signal', key: 'signal:s_1', title: 'edge-01 leaks 62 fds/min', text: '', ...patch });

describe('a real Alertmanager', () => {
  test('gets every signal, and tells its own receivers of beginning and end', async (t) => {
    const hook = await sink(t);
    const { url } = await alertmanager(t, hook.url);
    const { runtime } = await testConsole(t);
    await addChannel(runtime, { name: 'am', target: { kind: 'alertmanager', url: `${url}/` } });
    await say(runtime, signal());
    await say(runtime, alertOf());
    runtime.notify.start();
    const [one] = await until('the alert', async () => {
      const list = await alertsOf(url);
      return list.length > 0 ? list : null;
    });
    assert.deepEqual(one?.labels, { alertname: 'leaking', node: 'edge-01', severity: 'critical', group: 'edge', zone: 'a' });
    assert.equal(one?.annotations.summary, 'edge-01 leaks 62 fds/min');
    assert.equal(one?.generatorURL, `${runtime.config.url}/incidents/in_1`);
    const minutes = (Date.parse(one?.endsAt ?? '') - Date.now()) / 60_000;
    assert.ok(minutes > 4 && minutes <= 5.1, `ends in ${minutes} min unless it is told again`);
    await until('it was delivered', async () => (await runtime.notify.deliveries({ limit: 5, state: 'delivered' })).length === 1);
    assert.equal((await alertsOf(url)).length, 1, 'an incident is not another alert');

    await until('its receiver hears of it', () => hook.bodies().some((b) => b.status === 'firing'));
    await say(runtime, signal({ state: 'resolved', endsAt: Date.now() }));
    await until('it is over there', async () => (await alertsOf(url)).length === 0);
    await until('its receiver hears of the end', () => hook.bodies().some((b) => b.status === 'resolved'), { timeoutMs: 15_000 });
  });

  test('is told again what fires, without any change and before it would expire there; what is silent is not', async (t) => {
    const hook = await sink(t);
    const { url } = await alertmanager(t, hook.url);
    const { runtime } = await testConsole(t);
    // said before there was a channel: nothing of it is in the outbox
    await say(runtime, signal());
    await say(runtime, signal({ key: 'signal:s_2', signals: [{ rule: 'node-down', nodeId: 'n_2', node: 'edge-02', labels: {} }] }));
    await addChannel(runtime, { name: 'am', target: { kind: 'alertmanager', url } });
    const { addSilence } = runtime.notify.verbs;
    await runtime.command(ADMIN, addSilence, { selector: 'name=edge-02', reason: 'known', endsAt: Date.now() + 3_600_000 });
    await say(runtime, signal({ key: 'signal:s_2', signals: [{ rule: 'node-down', nodeId: 'n_2', node: 'edge-02', labels: {} }] }));
    await runtime.db.deleteFrom('deliveries').execute();
    const ends: number[] = [];
    for (let i = 0; i < 2; i++) {
      await runtime.notify.resend();
      const [one, ...more] = await until('the alert', async () => {
        const list = await alertsOf(url);
        return list.length > 0 ? list : null;
      });
      assert.deepEqual([one?.labels.node, more], ['edge-01', []]);
      ends.push(Date.parse(one?.endsAt ?? ''));
    }
    assert.ok((ends[1] ?? 0) > (ends[0] ?? 0), `it ends later each time: ${ends}`);
  });

  test('that was away for a beginning and an end is right again when it is back, and its own receivers hear of each once', async (t) => {
    const hook = await sink(t);
    const am = await alertmanager(t, hook.url);
    const { runtime } = await testConsole(t);
    await addChannel(runtime, { name: 'am', target: { kind: 'alertmanager', url: am.url } });
    const down = signal({ key: 'signal:s_2', signals: [{ rule: 'node-down', nodeId: 'n_2', node: 'edge-02', labels: {} }] });
    runtime.notify.start();
    await say(runtime, signal());
    const told = (status: string, node: string) => hook.bodies().filter((b) => b.status === status && b.groupLabels.node === node).length;
    await until('its receiver hears of the first', () => told('firing', 'edge-01') === 1);
    await am.stop();
    await say(runtime, down);
    const refused = async () => (await runtime.notify.deliveries({ limit: 5, state: 'pending' })).some((d) => d.attempts > 0);
    await until('it is not there', refused);
    await say(runtime, signal({ state: 'resolved', endsAt: Date.now() }));
    await am.start();
    for (const { id } of await runtime.notify.deliveries({ limit: 5, state: 'pending' }))
      await runtime.command(ADMIN, runtime.notify.verbs.retryDelivery, { id });
    await until('only the second fires there', async () => (await alertsOf(am.url)).map((a) => a.labels.node).join() === 'edge-02');
    await until('its receiver hears of the second', () => told('firing', 'edge-02') === 1, { timeoutMs: 15_000 });
    await until('and of the end of the first', () => told('resolved', 'edge-01') === 1, { timeoutMs: 15_000 });
    assert.equal(told('firing', 'edge-01'), 1);
  });

  test('answers a test, and one that is not there is told of in words', async (t) => {
    const { runtime } = await testConsole(t);
    const nobody = await addChannel(runtime, {
      name: 'nobody',
      target: { kind: 'alertmanager', url: `http://127.0.0.1:${await freePort()}` },
    });
    const tested = await runtime.notify.test(nobody, ADMIN.name);
    assert.equal(tested.ok, false);
    assert.match(tested.sentence, /^It did not arrive: 127\.0\.0\.1:\d+ refuses the connection\.$/);
  });
});
