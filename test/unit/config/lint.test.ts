import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
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

describe('a hostile config.yaml does not hold the console up', () => {
  const listed = (n: number, line: (i: number) => string) =>
    Buffer.from(`listen_addrs: ["127.0.0.1:443"]\n${Array.from({ length: n }, (_, i) => line(i)).join('')}`);

  test('20,000 keys are read in a moment, and the first of the findings stand for all', () => {
    const timed = (n: number) => {
      const bytes = listed(n, (i) => `k${i}: 1\n`);
      const startedAt = performance.now();
      return { findings: lintConfig(bytes), ms: performance.now() - startedAt };
    };
    const few = timed(2000);
    const { findings, ms } = timed(20_000);
    assert.ok(ms < 50 * few.ms, `ten times the keys took ${Math.round(ms / few.ms)} times as long; a quadratic search takes 100 times`);
    assert.equal(findings.length, 201);
    assert.deepEqual(findings.at(-1), { severity: 'info', message: 'and 19800 more like these', line: null, column: null });
  });

  test('thousands of aliases are refused without being resolved', () => {
    const [finding] = lintConfig(Buffer.concat([Buffer.from('a: &a 1\n'), listed(20_000, (i) => `b${i}: *a\n`)]));
    assert.equal(finding?.message, 'its YAML cannot be used: it has 20000 aliases; it may have 100 at most');
  });

  test('a word of half a megabyte is not repeated in the answer', () => {
    const [finding] = lintConfig(Buffer.from(`x: ${'!'.repeat(500_000)}\n`));
    assert.ok((finding?.message.length ?? 0) < 300);
  });

  test('a key that is there twice is found at any depth, where the second one stands', () => {
    const [finding] = lintConfig(Buffer.from('log:\n  level: info\n  format: json\n  level: warn\n'));
    assert.deepEqual(finding, {
      severity: 'error',
      message: 'it is not valid YAML: a key is there twice; remove one of the two',
      line: 4,
      column: 3,
    });
  });
});
