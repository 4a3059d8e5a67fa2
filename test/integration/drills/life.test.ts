import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createAudit } from '#server/audit/index.ts';
import { createCommand } from '#server/command/index.ts';
import { createDrills } from '#server/drills/index.ts';
import { createEventHub } from '#server/events/index.ts';
import { HeadroomError, isHeadroomError } from '#server/kernel/errors.ts';
import { createNodes } from '#server/nodes/index.ts';
import type { Actor } from '#shared/access.ts';
import { DRILL_FAMILIES } from '#shared/drill-families.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { nodeInputSchema } from '#shared/nodes.ts';
import { testDatabase } from '#test/support/database.ts';
import { demoFleet, fleetNode } from '#test/support/mock-fleet.ts';
import { until } from '#test/support/until.ts';

const ANN: Actor = { kind: 'user', id: 'u_ann', name: 'ann', role: 'operator' };
const START = Date.parse('2026-03-01T12:00:00Z');
const silent = { info() {}, warn() {}, error() {}, debug() {} };

/** A console with three nodes that allow drills and one that does not; what is ordered on them is in `orders`. */
async function world(t: TestContext, options: { random?: number } = {}) {
  const db = await testDatabase(t);
  const state = { now: START, refusing: new Set<string>(), down: false };
  const clock = { now: () => state.now, sleep: async () => {} };
  const events = createEventHub({ onError: () => {} });
  const audit = createAudit({ db });
  const command = createCommand({ db, audit, events, clock });
  const registry = createNodes({ db });
  for (const [i, name] of ['a', 'b', 'c', 'closed'].entries()) {
    const input = nodeInputSchema.parse({ name, host: '127.0.0.1', user: 'sre', labels: name === 'closed' ? {} : { drills: 'allowed' } });
    const { transport: _t, proxyJump: _j, proxyJumpKey: _k, ...rest } = input;
    const json = { metrics: JSON.stringify(input.metrics), labels: JSON.stringify(input.labels) };
    await db
      .insertInto('nodes')
      .values({ ...rest, ...json, id: `n_${name}`, version: 1, createdAt: START + i })
      .execute();
  }
  await registry.refresh();
  const orders = new Map<string, { family: string; id: string }>();
  const odd = new Map<string, Partial<FleetNode>>();
  const [story] = demoFleet();
  if (!story) throw new Error('no story');
  const fleet = async () =>
    (await registry.list()).map(
      (member): FleetNode => ({
        ...fleetNode(story, START - 3_600_000, START),
        ...{
          id: member.id,
          name: member.name,
          labels: member.labels,
          state: 'up',
          drill: null,
          activeRunId: null,
          openFds: 120,
          fdLimit: 8192,
          headroom: 8072,
        },
        leak: { verdict: 'not-leaking', perMinute: null, per1000Connections: null },
        ...odd.get(member.id),
      }),
    );
  const ops = {
    drill: async (node: { id: string }, o: { operation: string; id: string; family?: string; seconds?: number }) => {
      if (state.down) throw new HeadroomError('ssh.unreachable', 'SSH does not answer');
      if (o.operation === 'start' && state.refusing.has(node.id)) throw new HeadroomError('ssh.command-failed', 'takes no drills');
      if (o.operation === 'start') orders.set(node.id, { family: o.family ?? '', id: o.id });
      if (o.operation === 'stop') orders.delete(node.id);
      return { value: { ordered: orders.has(node.id), until: state.now + (o.seconds ?? 0) * 1000 } };
    },
  };
  const make = () =>
    createDrills({
      ...{ db, audit, events, clock, log: silent as never, nodes: registry, fleet, ops: ops as never, metrics: { raw: async () => [] } },
      random: () => options.random ?? 0,
    });
  const drills = make();
  const start = async (input: { selector?: string; family?: string; minutes?: number } = {}, actor = ANN) => {
    const { id } = await command(actor, await drills.startVerb(input.selector), input);
    await drills.kick();
    return id;
  };
  return { db, state, audit, command, drills, make, start, orders, odd, ops };
}
const refused = (code: string, words: RegExp) => (error: unknown) => {
  assert.ok(isHeadroomError(error), String(error));
  assert.equal(error.code, code);
  assert.match(error.message, words);
  return true;
};

describe('a drill', () => {
  test('is ordered on one of the nodes that allow it, and no answer and no audit entry says which or what before its end', async (t) => {
    const { drills, start, orders, audit } = await world(t, { random: 0.99 });
    const id = await start();
    assert.equal(orders.size, 1);
    const [nodeId, order] = [...orders][0] ?? [];
    assert.notEqual(nodeId, 'n_closed');
    const seen = await drills.get(id);
    assert.equal(seen.status, 'running');
    assert.equal(seen.reveal, null);
    assert.equal(seen.inPlay.length, 3);
    const told = JSON.stringify([seen, await drills.list(), await audit.list({ limit: 10 })]);
    for (const family of DRILL_FAMILIES) assert.ok(!told.includes(family), family);
    await assert.rejects(drills.score(id), refused('drill.wrong-state', /when it has ended/));
    assert.equal(order?.id, id);
  });

  test('stopped, puts the node right first and then tells what it was, with a score', async (t) => {
    const { command, drills, start, orders, state } = await world(t);
    const id = await start({ family: 'eof-leak' });
    const nodeId = [...orders.keys()][0] ?? '';
    state.now += 60_000;
    await command(ANN, drills.verbs.acknowledge, { id });
    await command(ANN, drills.verbs.answer, { id, nodeId, cause: 'eof-leak' });
    await command(ANN, drills.verbs.stop, { id });
    await drills.kick();
    assert.equal(orders.size, 0);
    const over = await drills.get(id);
    assert.equal(over.status, 'ended');
    assert.deepEqual([over.reveal?.nodeId, over.reveal?.family], [nodeId, 'eof-leak']);
    const score = await drills.score(id);
    assert.deepEqual([score.nodeRight, score.causeRight, score.total], [true, true, 90]);
  });

  test('ends by itself when its time is over', async (t) => {
    const { drills, start, orders, state } = await world(t);
    const id = await start({ minutes: 5 });
    state.now += 299_000;
    await drills.kick();
    assert.equal((await drills.get(id)).status, 'running');
    state.now += 2_000;
    await drills.kick();
    await drills.kick();
    const over = await drills.get(id);
    assert.deepEqual([over.status, over.ended, orders.size], ['ended', 'time-over', 0]);
  });

  test('goes on in a console that was started anew, and is ended by it', async (t) => {
    const { start, orders, state, make } = await world(t);
    const id = await start({ minutes: 5 });
    const second = make();
    state.now += 301_000;
    second.start();
    await until('it has ended', async () => (await second.get(id)).status === 'ended');
    await second.stop();
    assert.equal(orders.size, 0);
  });

  test('asks the next node where one refuses, and fails in words when all do', async (t) => {
    const { drills, start, orders, state } = await world(t);
    state.refusing.add('n_a').add('n_b');
    const id = await start();
    for (let i = 0; i < 3; i += 1) await drills.kick();
    assert.deepEqual([...orders.keys()], ['n_c']);
    assert.equal((await drills.get(id)).status, 'running');

    const none = await world(t);
    for (const name of ['n_a', 'n_b', 'n_c']) none.state.refusing.add(name);
    const failed = await none.start();
    for (let i = 0; i < 4; i += 1) await none.drills.kick();
    const over = await none.drills.get(failed);
    assert.equal(over.status, 'failed');
    assert.match(over.why ?? '', /takes no drills/);
  });

  test('is detected by the first verdict or signal on its node, and by none of another', async (t) => {
    const { drills, start, orders, odd, state } = await world(t);
    const id = await start({ family: 'pool-leak' });
    const nodeId = [...orders.keys()][0] ?? '';
    const leaking = { leak: { verdict: 'leaking' as const, perMinute: null, per1000Connections: null } };
    odd.set(nodeId === 'n_b' ? 'n_a' : 'n_b', leaking);
    await drills.kick();
    assert.equal((await drills.get(id)).detectedAt, null);
    state.now += 90_000;
    odd.set(nodeId, leaking);
    await drills.kick();
    assert.equal((await drills.get(id)).detectedAt, new Date(START + 90_000).toISOString());
  });

  test('whose node cannot be reached at its end is tried again, until the node has ended it by itself', async (t) => {
    const { command, drills, start, state } = await world(t);
    const id = await start({ minutes: 5 });
    state.down = true;
    await command(ANN, drills.verbs.stop, { id });
    await drills.kick();
    assert.equal((await drills.get(id)).status, 'ending');
    assert.equal((await drills.get(id)).reveal, null);
    state.now += 331_000;
    await drills.kick();
    assert.equal((await drills.get(id)).status, 'ended');
  });

  test('is refused in words where no node allows it, and beside another', async (t) => {
    const { start, db } = await world(t);
    await start();
    await assert.rejects(start(), refused('drill.wrong-state', /under way/));
    await db.deleteFrom('drills').execute();
    await assert.rejects(start({ selector: 'name=closed' }), refused('drill.not-allowed', /drills=allowed/));
    const viewer: Actor = { ...ANN, role: 'viewer' };
    await assert.rejects(start({}, viewer), refused('auth.forbidden', /drill.write/));
  });

  test('gives three hints, the second naming two nodes of which one is it', async (t) => {
    const { command, drills, start, orders } = await world(t);
    const id = await start({ family: 'slow-leak' });
    for (let i = 0; i < 3; i += 1) await command(ANN, drills.verbs.hint, { id });
    const { hints, hintsLeft } = await drills.get(id);
    assert.equal(hintsLeft, 0);
    const name = ([...orders.keys()][0] ?? '').slice(2);
    assert.match(hints[1]?.text ?? '', new RegExp(`\\b${name}\\b`));
    assert.match(hints[1]?.text ?? '', / one of \w and \w\./);
    await assert.rejects(command(ANN, drills.verbs.hint, { id }), /hints are given/);
  });
});
