import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { verdictSentence, whatGrew } from '#server/detect/index.ts';
import type { Leak } from '#shared/nodes.ts';
import { toInstant } from '#shared/time.ts';
import type { FdGrowth, FdLook, NodeFds } from '#shared/xray.ts';

const NOW = 1_800_000_000_000;
const START = toInstant(NOW - 3_600_000);
const rate = (mid: number) => ({ low: mid * 0.9, mid, high: mid * 1.1 });
const leaking: Leak = { verdict: 'leaking', perMinute: rate(11.8), per1000Connections: rate(3.12) };
const row = (more: Partial<FdGrowth>): FdGrowth => ({
  ...{ kind: 'client', state: 'CLOSE_WAIT', local: null, peer: null, others: false, before: 10, now: 128, grew: 118, stayed: 10 },
  ...more,
});
const comparison = (more: Partial<NonNullable<NodeFds['comparison']>> = {}): NonNullable<NodeFds['comparison']> => ({
  since: { id: 'x_1', at: toInstant(NOW - 720_000), pid: 7, openFds: 400 },
  ...{ seconds: 600, sameProcess: true, grew: 123 },
  kinds: [row({}), row({ kind: 'file', state: null, before: 20, now: 25, grew: 5 })],
  groups: [row({ local: ':443', peer: '203.0.113.9', grew: 80 })],
  ...more,
});
const look = (more: Partial<FdLook> = {}): FdLook => ({
  ...{ id: 'x_2', at: toInstant(NOW - 120_000), by: 'sre', pid: 7, comm: 'node', processStart: START, openFds: 523, fdLimit: 4096 },
  ...{ untracked: 0, durationMs: 400, cpuMs: 300, command: 'ls', sha256: '0'.repeat(64), groups: [] },
  ...more,
});
const say = (leak: Leak, fds: Parameters<typeof verdictSentence>[0]['fds']) =>
  verdictSentence({ leak, now: NOW, processStart: START, fds });

describe('the verdict of a node', () => {
  test('that leaks says its rate, and what grew, by whom, as the looks at its fds know it', () => {
    assert.equal(
      say(leaking, { look: look(), comparison: comparison() }),
      'Leaking +12 fds a minute, 3.1 per 1,000 connections. In the 10 min up to the last look, 2 min ago: client sockets in CLOSE_WAIT +118 (96 %). ' +
        'The most by one peer: +80, client sockets on :443 from 203.0.113.9.',
    );
  });

  test('leaves out what looks at another process, an old look, or no look at all would say', () => {
    const alone = 'Leaking +12 fds a minute, 3.1 per 1,000 connections.';
    for (const fds of [
      null,
      { look: look(), comparison: null },
      { look: look({ processStart: toInstant(NOW - 600_000) }), comparison: comparison() },
      { look: look({ at: toInstant(NOW - 7 * 3_600_000) }), comparison: comparison() },
      { look: look(), comparison: comparison({ sameProcess: false }) },
      { look: look(), comparison: comparison({ grew: 3 }) },
    ])
      assert.equal(say(leaking, fds), alone);
    assert.equal(say({ ...leaking, perMinute: null }, null), 'Leaking.');
  });

  test('that cannot be told says what is missing; that is well blames nobody', () => {
    const fds = { look: look(), comparison: comparison() };
    const unsure: Leak = {
      verdict: 'cannot-tell',
      perMinute: null,
      per1000Connections: null,
      missing: '4 more minutes of this process life',
    };
    assert.equal(say(unsure, fds), 'Cannot tell yet: needs 4 more minutes of this process life.');
    assert.match(say({ ...leaking, verdict: 'not-leaking' }, fds), /^Not leaking: [^+]*$/);
  });
});

test('an upstream that grew is named by the route that leads to it', () => {
  const groups = [row({ kind: 'upstream', state: 'ESTABLISHED', local: null, peer: '10.0.0.5:443', name: 'app.example.com' })];
  assert.match(whatGrew(comparison({ groups }))?.by ?? '', /upstream sockets to 10\.0\.0\.5:443 \(app\.example\.com\)/);
});
