import assert from 'node:assert/strict';
import { test } from 'node:test';
import { draftOf, EMPTY_NODE, inputOf } from '#components/nodes/node-draft.ts';
import { nodeInputSchema } from '#shared/nodes.ts';

const key = `SHA256:${'a'.repeat(43)}`;
const node = nodeInputSchema.parse({
  ...{ name: 'edge-01', host: '10.0.0.1', sshPort: 2222, user: 'sre', labels: { zone: 'eu', canary: '' } },
  ...{ transport: 'openssh', proxyJump: 'sre@bastion:22', proxyJumpKey: key },
});

test('a stored node comes out of the form as it went in', () => {
  const result = inputOf(draftOf(node));
  assert.ok(result.ok);
  assert.deepEqual(result.input, node);
});
test('a jump host counts only with the system’s ssh', () => {
  const result = inputOf({ ...draftOf(node), transport: 'ssh2' });
  assert.ok(result.ok);
  assert.deepEqual([result.input.proxyJump, result.input.proxyJumpKey], [null, null]);
});
test('each wrong field has its own message, labels together', () => {
  const result = inputOf({ ...EMPTY_NODE, name: 'Edge 1', host: 'h', labels: 'Zone=eu' });
  assert.ok(!result.ok);
  assert.deepEqual(Object.keys(result.errors).sort(), ['labels', 'name']);
});
