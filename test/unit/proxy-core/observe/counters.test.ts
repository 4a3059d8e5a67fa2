import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ENDING_REASONS, ERROR_REASONS, METRIC_NAMES, METRICS, REASONS, REFUSAL_REASONS, statusOf } from '#contract/index.ts';
import { Counters } from '../../../../proxy-core/src/observe/counters.ts';
import { answerTo } from '../../../../proxy-core/src/relay/refusal.ts';

describe('counters', () => {
  test('count an end once under its reason, its protocol and its status', () => {
    const counters = new Counters();
    counters.ended('tls', 'closed');
    counters.ended('tls', 'no_route');
    counters.ended('http1.1', 'connect_refused');
    assert.equal(counters.reasons.get('no_route'), 1);
    assert.equal(counters.connections.get('tls success'), 1);
    assert.equal(counters.connections.get('tls refused'), 1);
    assert.equal(counters.connections.get('http1.1 error'), 1);
    assert.equal(counters.errors.get('connect_refused http1.1'), 1);
    assert.equal(
      [...counters.errors.values()].reduce((sum, n) => sum + n),
      1,
    );
  });

  test('give bytes of their own to configured names and a hundred others; the rest is "other"', () => {
    const counters = new Counters();
    counters.setConfiguredHosts(['mine.example']);
    for (let i = 0; i < 5000; i += 1) counters.hostOf(`h${i}.example`).tx += 1;
    counters.hostOf('mine.example').rx += 7;
    counters.hostOf(null).tx += 1;
    assert.equal(counters.hosts.size, 101);
    assert.equal(counters.hosts.get('mine.example')?.rx, 7);
    assert.equal(counters.other.tx, 4901);
  });
});

describe('the words of the contract', () => {
  test('no reason is both a refusal and an ending, and each has one status', () => {
    assert.equal(new Set(REASONS).size, REFUSAL_REASONS.length + ENDING_REASONS.length);
    for (const reason of ERROR_REASONS) assert.equal(statusOf(reason), 'error');
    assert.equal(statusOf('closed'), 'success');
    assert.equal(statusOf('no_sni'), 'refused');
  });

  test('metric names are lower case, and counters end in _total', () => {
    for (const name of METRIC_NAMES) {
      assert.match(name, /^(sniproxy|process)_[a-z_]+$/);
      assert.equal(METRICS[name].type === 'counter', name.endsWith('_total'), name);
    }
  });
});

describe('answers to refused clients', () => {
  test('are whole HTTP messages with a true length', () => {
    for (const reason of REFUSAL_REASONS) {
      const answer = answerTo('http1.1', reason)?.toString('latin1');
      if (answer === undefined) continue;
      const [head = '', body = ''] = answer.split('\r\n\r\n');
      assert.match(head, /^HTTP\/1\.1 (400|403|421|431|502|504) [A-Z]/, reason);
      assert.match(head, new RegExp(`\r\nContent-Length: ${body.length}\r\nConnection: close$`), reason);
    }
  });

  test('are fatal alerts over TLS, and nothing where nothing would be understood', () => {
    for (const reason of REFUSAL_REASONS) {
      const alert = answerTo('tls', reason);
      if (alert !== null) assert.equal(alert.subarray(0, 6).toString('hex'), '150301000202', reason);
    }
    for (const reason of ['unknown_protocol', 'hello_timeout', 'fd_headroom'] as const) assert.equal(answerTo('unknown', reason), null);
  });
});
