import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chosenNodes, saysFingerprint } from '#components/nodes/welcome/steps.ts';
import { bigFleet, fleetNode } from '#test/support/mock-fleet.ts';

const A = `SHA256:${'a'.repeat(43)}`;
const B = `SHA256:${'b'.repeat(43)}`;

test('a fingerprint is found in what ssh-keygen printed of many hosts, whole or not at all', () => {
  const printed = `256 ${A} root@edge-01 (ED25519)\n256 ${B} root@edge-02 (ED25519)\n`;
  assert.equal(saysFingerprint(printed, B), true);
  assert.equal(saysFingerprint(`256 ${A} x`, B), false);
  assert.equal(saysFingerprint(`${A}a`, A), null, 'a longer text is no fingerprint');
  assert.equal(saysFingerprint('', A), null);
});

test('without a list the nodes that are not in yet are chosen, so that the middle can be taken up again', () => {
  const [one, two] = bigFleet().map((story) => fleetNode(story, 0, 1000));
  assert.ok(one && two);
  const open = { ...one, hostKey: { fingerprint: null, blocked: false } };
  const up = { ...two, hostKey: { fingerprint: A, blocked: false }, lastSampleAt: '2026-01-01T00:00:00.000Z' };
  assert.deepEqual(chosenNodes([open, up], null), [open]);
  assert.deepEqual(chosenNodes([open, up], `${up.id},n_gone`), [up]);
});
