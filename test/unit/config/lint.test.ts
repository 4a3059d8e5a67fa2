import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lintConfig } from '#server/config/index.ts';

const lint = (text: string) => lintConfig(Buffer.from(text));

test('the two pool warnings of the incident come word for word, at the line of the value', () => {
  const findings = lint('listen_addrs: ["0.0.0.0:443"]\nconnection_pool:\n  enabled: true\n');
  assert.deepEqual(findings, [
    { severity: 'warning', message: 'Connection pooling enabled - only use for forward proxy scenarios!', line: 3, column: 12 },
    { severity: 'warning', message: 'For transparent proxy (SNI-based routing), disable pooling to avoid leaks', line: 3, column: 12 },
  ]);
  assert.deepEqual(lint('listen_addrs: ["0.0.0.0:443"]\nconnection_pool:\n  enabled: false\n'), []);
});

test('broken YAML is one error with line and column', () => {
  const [finding, ...more] = lint('a: 1\nb: [\n');
  assert.deepEqual(more, []);
  assert.equal(finding?.severity, 'error');
  assert.match(finding?.message ?? '', /not valid YAML/);
  assert.ok((finding?.line ?? 0) >= 2);
});

test('a wrong value names its key and stands first', () => {
  const [first] = lint('listen_addrs: ["0.0.0.0:443"]\nmetrcs: 1\nconnection_pool:\n  enabled: "yes"\n');
  assert.equal(first?.severity, 'error');
  assert.match(first?.message ?? '', /connection_pool\.enabled must be true or false/);
  assert.equal(first?.line, 4);
});
