import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BULK_BYTES, ReadBuffers } from '../../../../proxy-core/src/relay/read-buffers.ts';

test('large buffers are bounded, none is lent twice at a time, and what comes back is lent again', () => {
  const buffers = new ReadBuffers();
  const out = new Set<Buffer>();
  for (let buffer = buffers.take(); buffer !== null; buffer = buffers.take()) {
    assert.equal(buffer.length, BULK_BYTES);
    assert.ok(!out.has(buffer));
    out.add(buffer);
  }
  assert.equal(out.size * BULK_BYTES, 64 * 1024 * 1024);
  for (const buffer of out) buffers.give(buffer);
  assert.equal(buffers.lent, 0);
  assert.ok(out.has(buffers.take() ?? Buffer.alloc(0)));
});
