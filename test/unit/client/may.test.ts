import assert from 'node:assert/strict';
import { test } from 'node:test';
import { may, mayAll } from '#client/session.ts';
import type { Session } from '#shared/access.ts';

const session = (actor: Partial<Session['actor']>): Session => ({
  actor: { kind: 'user', id: 'u', name: 'u', role: 'admin', ...actor },
  demo: false,
});

test('who has no list of grants is offered what the role may; nobody nothing', () => {
  assert.deepEqual(
    [may(session({}), 'token.write'), mayAll(session({}), 'run.control'), may(undefined, 'fleet.read')],
    [true, true, false],
  );
  assert.deepEqual([may(session({ role: 'viewer' }), 'run.start'), may(session({ role: 'viewer' }), 'fleet.read')], [false, true]);
});
test('who holds a role on some nodes is offered what is done to nodes, and nothing of the console as a whole', () => {
  const some = session({ grants: [{ role: 'admin', selector: 'group=a' }] });
  assert.deepEqual([may(some, 'run.start'), may(some, 'node.write'), may(some, 'runbook.read')], [true, true, true]);
  assert.deepEqual(
    [may(some, 'token.write'), may(some, 'rule.write'), may(some, 'channel.write'), mayAll(some, 'run.control')],
    [false, false, false, false],
  );
  const both = session({ grants: [...(some.actor.grants ?? []), { role: 'viewer', selector: null }] });
  assert.deepEqual([mayAll(both, 'fleet.read'), mayAll(both, 'run.control'), may(both, 'run.control')], [true, false, true]);
  assert.equal(may(session({ grants: [] }), 'fleet.read'), false);
});
