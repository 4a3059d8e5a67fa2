import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createScopes } from '#server/access/scope.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { Actor } from '#shared/access.ts';
import type { Grant } from '#shared/grants.ts';

const node = (id: string, group: string) => ({ id, name: `edge-${id}`, labels: { group } });
const NODES = [node('a1', 'a'), node('a2', 'a'), node('b1', 'b')];
const RUNS: Record<string, string[]> = { r_a: ['a1', 'a2'], r_both: ['a1', 'b1'], r_b: ['b1'], r_gone: ['a1', 'removed'] };

const holding = (...grants: Grant[]): Actor => ({ kind: 'user', id: 'u_1', name: 'Ada', role: 'operator', grants });
const everywhere = holding({ role: 'operator', selector: null });
const ofA = holding({ role: 'operator', selector: 'group=a' });
const looksAtA = holding({ role: 'viewer', selector: 'group=a' });

function world() {
  const notes: string[] = [];
  const clock = { at: 1000 };
  const scopes = createScopes({
    clock: { now: () => clock.at, sleep: () => Promise.resolve() },
    nodes: {
      list: async () => NODES,
      get: async (id) => {
        const found = NODES.find((one) => one.id === id);
        if (!found) throw new HeadroomError('node.not-found', id);
        return found;
      },
    },
    targetsOf: async (id) => RUNS[id] ?? [],
    record: async ({ actor, action, object }) => notes.push(`${actor.name} ${action} ${object}`),
  });
  return { notes, clock, of: (actor: Actor) => scopes(actor, 'GET /x') };
}

const refused =
  (code: string, words = /./) =>
  (error: unknown) =>
    error instanceof HeadroomError && error.code === code && words.test(error.message);

describe('what an actor may, asked at the door', () => {
  test('a node of theirs is given; one that they see and may not change is refused by name; a foreign one is not there', async () => {
    const { of, notes } = world();
    assert.equal((await of(ofA).node('run.start', 'a1')).name, 'edge-a1');
    assert.deepEqual(notes, []);
    await assert.rejects(
      of(looksAtA).node('run.start', 'a1'),
      refused('auth.forbidden', /run\.start on edge-a1; Ada is viewer on group=a/),
    );
    await assert.rejects(of(ofA).node('fleet.read', 'b1'), refused('node.not-found'));
    assert.deepEqual(notes, ['Ada GET /x node:a1', 'Ada GET /x node:b1']);
  });

  test('a list is cut to what they see, and of nothing nobody sees all but who is everywhere', async () => {
    const { of } = world();
    assert.deepEqual(
      NODES.filter(of(ofA).only('fleet.read')).map(({ id }) => id),
      ['a1', 'a2'],
    );
    const seen = await of(ofA).visible('fleet.read');
    assert.deepEqual([seen.has('a1'), seen.has('b1')], [true, false]);
    assert.deepEqual([seen.some(['b1', 'a1']), seen.some(['b1']), seen.some([])], [true, false, false]);
    assert.deepEqual([seen.every(['a1', 'a2']), seen.every(['a1', 'b1']), seen.every([])], [true, false, false]);
    const all = await of(everywhere).visible('fleet.read');
    assert.deepEqual([all.has('removed'), all.some([]), all.every([])], [true, true, true]);
  });

  test('a run is read with one of its nodes, and changed, or taken as a whole, with all of them', async () => {
    const { of } = world();
    await of(ofA).run('run.read', 'r_a');
    await of(ofA).run('run.control', 'r_a');
    await of(ofA).run('run.read', 'r_both');
    await assert.rejects(of(ofA).run('run.read', 'r_both', 'all'), refused('auth.forbidden', /every node of this run/));
    await assert.rejects(of(ofA).run('run.control', 'r_both'), refused('auth.forbidden'));
    await assert.rejects(of(ofA).run('run.control', 'r_gone'), refused('auth.forbidden'), 'a node that is gone is nobody’s of a group');
    await assert.rejects(of(looksAtA).run('run.control', 'r_a'), refused('auth.forbidden'));
    await assert.rejects(of(ofA).run('run.read', 'r_b'), refused('run.not-found'));
    await assert.rejects(of(ofA).run('run.read', 'r_none'), refused('run.not-found'));
    await of(everywhere).run('run.control', 'r_gone');
  });

  test('the same try again and again is one note a minute, and one more when the clock is set back', async () => {
    const { of, notes, clock } = world();
    const tries = async (at: number, id = 'r_b') => {
      clock.at = at;
      await assert.rejects(of(ofA).run('run.read', id));
      return notes.length;
    };
    assert.equal(await tries(1000), 1);
    assert.equal(await tries(60_999), 1);
    assert.equal(await tries(61_000), 2);
    assert.equal(await tries(500), 3);
    await assert.rejects(of(ofA).node('fleet.read', 'b1'));
    assert.equal(notes.length, 4, 'another object is another note');
    assert.equal(await tries(600, 'r_none'), 4, 'what is not there is no try');
  });
});
