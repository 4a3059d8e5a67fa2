import assert from 'node:assert/strict';
import os from 'node:os';
import { test } from 'node:test';
import { loadConfig } from '../../../proxy-core/src/reload.ts';

test('what is no plain file is refused at once, in words, and not waited for', () => {
  assert.throws(
    () => loadConfig('/dev/zero'),
    /\/dev\/zero: the config file cannot be read: it is a pipe or device; it must be a plain file/,
  );
  assert.throws(() => loadConfig(os.tmpdir()), /it is a directory; it must be a plain file/);
  assert.throws(() => loadConfig('/nope/config.yaml'), /ENOENT/);
});
