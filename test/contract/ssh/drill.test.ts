import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { systemClock } from '#server/kernel/clock.ts';
import { isHeadroomError } from '#server/kernel/errors.ts';
import { createNodeOps } from '#server/ssh/index.ts';
import { fakeNode } from '#test/support/fake-node.ts';
import { localSsh } from '#test/support/local-ssh.ts';
import { readOrder } from '../../../proxy-core/src/drill/order.ts';

for (const prepared of [false, true]) {
  describe(`a drill is ordered on a ${prepared ? 'prepared' : 'bare'} node`, () => {
    function setUp(t: TestContext, title: string) {
      const node = fakeNode(t, { prepared });
      const proxy = spawn('sleep', ['600'], { argv0: title });
      t.after(() => proxy.kill('SIGKILL'));
      process.kill(node.mainPid(), 'SIGKILL');
      fs.writeFileSync(path.join(node.dir, 'facts', 'pid'), String(proxy.pid));
      const ops = createNodeOps(localSsh({ env: node.env }), systemClock, { helperPath: node.helperPath });
      const file = `${node.configPath}.drill`;
      return { ops, member: node.member, file, dir: path.dirname(node.configPath) };
    }
    const ALLOWED = 'sniproxy-server (drills allowed)';

    test('as the proxy reads it, once, and called off without a trace', async (t) => {
      const { ops, member, file, dir } = setUp(t, ALLOWED);
      const asked = Date.now();
      const { value } = await ops.drill(member, { operation: 'start', id: 'd_1', family: 'slow-leak', seconds: 600, scale: 20 });
      assert.equal(value.ordered, true);
      const began = (value.until ?? 0) - 600_000;
      assert.ok(began > asked - 1000 && began < Date.now() + 1000, `until ${value.until}`);
      const order = readOrder(fs.readFileSync(file, 'utf8'), Date.now());
      assert.deepEqual({ ...order, untilMs: 0 }, { id: 'd_1', name: 'slow-leak', untilMs: 0, scale: 20 });
      assert.equal(fs.statSync(file).mode & 0o777, 0o644, 'the proxy is another user');
      assert.equal((await ops.drill(member, { operation: 'state', id: 'd_1' })).value.ordered, true);
      await ops.drill(member, { operation: 'stop', id: 'd_other' });
      assert.ok(fs.existsSync(file), 'a drill of another id is left alone');
      assert.equal((await ops.drill(member, { operation: 'stop', id: 'd_1' })).value.ordered, false);
      await ops.drill(member, { operation: 'stop', id: 'd_1' });
      assert.deepEqual(
        fs.readdirSync(dir).filter((name) => name !== '.headroom'),
        ['config.yaml'],
      );
    });

    test('never where the proxy was not started for drills', async (t) => {
      const { ops, member, file } = setUp(t, 'sniproxy-server');
      await assert.rejects(ops.drill(member, { operation: 'start', id: 'd_1', family: 'eof-leak', seconds: 600 }), (error: unknown) => {
        assert.ok(isHeadroomError(error));
        assert.match(error.message, /not started with --drills-allowed/);
        return true;
      });
      assert.equal(fs.existsSync(file), false);
    });

    test('not beside another one that is under way', async (t) => {
      const { ops, member } = setUp(t, ALLOWED);
      await ops.drill(member, { operation: 'start', id: 'd_1', family: 'fd-spike', seconds: 600 });
      await assert.rejects(ops.drill(member, { operation: 'start', id: 'd_2', family: 'eof-leak', seconds: 600 }), /another drill/);
    });

    test('what is asked of the node says nothing of the family to who reads receipts', async (t) => {
      const { ops, member } = setUp(t, ALLOWED);
      const { receipt } = await ops.drill(member, { operation: 'start', id: 'd_1', family: 'pool-leak', seconds: 600 });
      assert.doesNotMatch(`${prepared ? '' : receipt.command}${receipt.raw}`, /pool-leak/);
    });
  });
}
