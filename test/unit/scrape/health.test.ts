import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type HealthView, judgeHealth } from '#server/scrape/health.ts';

const NOW = 1_700_000_000_000;
const page = { ok: true, at: NOW - 1000, ready: true, notReadyWords: null, reloadFailed: false } as const;
const dead = { ok: false, at: NOW - 1000, cause: 'refused', words: '127.0.0.1:9090 refused the connection.' } as const;
const ssh = { ok: true, at: NOW - 1000, mainPid: 7, activeState: 'active', subState: 'running' } as const;
const gone = { ok: false, at: NOW - 1000, code: 'ssh.unreachable', detail: 'SSH to a:22 was refused' } as const;

const judge = (view: Partial<HealthView>) =>
  judgeHealth({ now: NOW, staleAfterMs: 60_000, via: 'http', unit: 'sniproxy', page: null, ssh: null, ...view });

describe('the state of a node is its reachability', () => {
  const cases: [string, Partial<HealthView>, string, RegExp | null][] = [
    ['nothing asked yet', {}, 'unknown', /Not asked yet/],
    ['page live, SSH live', { page, ssh }, 'up', null],
    ['page live, SSH not asked yet', { page }, 'up', null],
    ['page live and silent about being ready', { page: { ...page, ready: null }, ssh }, 'up', null],
    ['not ready', { page: { ...page, ready: false, notReadyWords: 'draining' }, ssh }, 'degraded', /\/ready does not answer 200: draining/],
    ['reload failed', { page: { ...page, reloadFailed: true }, ssh }, 'degraded', /reload failed/],
    ['page live, SSH gone', { page, ssh: gone }, 'degraded', /Metrics are live, but it cannot be changed: SSH to a:22 was refused/],
    [
      'page live, no process of the unit',
      { page, ssh: { ...ssh, mainPid: null, activeState: 'inactive', subState: 'dead' } },
      'degraded',
      /unit sniproxy has no process \(inactive, dead\)/,
    ],
    ['page dead, SSH live', { page: dead, ssh }, 'scrape-blind', /SSH answers, the metrics page does not. 127.0.0.1:9090 refused/],
    [
      'page dead, service stopped',
      { page: dead, ssh: { ...ssh, mainPid: null, activeState: 'failed', subState: '' } },
      'scrape-blind',
      /has no process \(failed\)/,
    ],
    ['page dead, SSH gone', { page: dead, ssh: gone }, 'down', /9090 refused the connection. SSH to a:22 was refused/],
    ['page dead, SSH not asked yet', { page: dead }, 'down', /refused/],
    [
      'page through SSH, SSH gone',
      { via: 'ssh', page: { ...dead, cause: 'ssh', words: 'x' }, ssh: gone },
      'down',
      /^SSH to a:22 was refused$/,
    ],
    [
      'answers from long ago',
      { page: { ...page, at: NOW - 61_000 }, ssh: { ...ssh, at: NOW - 61_000 } },
      'unknown',
      /No answer since 2023-/,
    ],
    ['no page by choice, SSH live', { via: 'none', ssh }, 'up', null],
    ['no page by choice, SSH gone', { via: 'none', ssh: gone }, 'down', /SSH to a:22/],
    ['no page by choice, service stopped', { via: 'none', ssh: { ...ssh, mainPid: null } }, 'degraded', /no process/],
  ];
  for (const [what, view, state, reason] of cases)
    test(`${what}: ${state}`, () => {
      const got = judge(view);
      assert.equal(got.state, state);
      if (reason) assert.match(got.reason ?? '', reason);
      else assert.equal(got.reason, null);
    });
});
