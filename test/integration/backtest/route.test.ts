import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { GET } from '#app/api/v1/backtest/route.ts';
import { addNode } from '#server/nodes/index.ts';
import type { Actor } from '#shared/access.ts';
import { backtestAnswerSchema } from '#shared/backtest.ts';
import { problemSchema } from '#shared/errors.ts';
import { nodeInputSchema } from '#shared/nodes.ts';
import { testConsole } from '#test/support/console.ts';
import { demoNode } from '../../unit/detect/demo-node.ts';

const ADMIN: Actor = { kind: 'system', id: 'system', name: 'test', role: 'admin' };
const HOUR = 3_600_000;

/** Two nodes with two hours of history up to now: one leaked until it was full, the other was well. */
async function setUp(t: TestContext) {
  const { runtime, token } = await testConsole(t);
  const start = Date.now() - 2 * HOUR;
  const lives = {
    'edge-01': demoNode({ seed: 4, start, to: 7200, limit: 1024, leak: { perMinute: 15, kind: 'pool' } }),
    'edge-02': demoNode({ seed: 5, start, to: 7200, limit: 16_384 }),
  };
  for (const [name, samples] of Object.entries(lives)) {
    const input = nodeInputSchema.parse({ name, host: '127.0.0.1', user: 'sre', metrics: { via: 'none' } });
    const { id } = await runtime.command(ADMIN, addNode, input);
    for (const sample of samples) if (sample.at <= Date.now()) runtime.metrics.append(id, sample);
  }
  await runtime.metrics.flush();
  const bearer = await token('viewer');
  const ask = (query: string) => {
    const request = new Request(`http://127.0.0.1:3000/api/v1/backtest?${query}`, { headers: { authorization: `Bearer ${bearer}` } });
    return GET(request, { params: Promise.resolve({}) });
  };
  return { ask };
}

describe('GET /api/v1/backtest', () => {
  test('replays a rule over what is stored of the nodes asked for', { timeout: 60_000 }, async (t) => {
    const { ask } = await setUp(t);
    const answer = backtestAnswerSchema.parse(await (await ask('rule=leaking')).json());
    assert.deepEqual(
      answer.nodes.map(({ name, lives }) => [name, ...lives.map(({ truth }) => truth)]),
      [
        ['edge-01', 'emfile'],
        ['edge-02', 'healthy'],
      ],
    );
    assert.equal(answer.cut, false);
    const { summary } = answer;
    assert.deepEqual([summary.right, summary.falseAlarms, summary.emfiles, summary.emfilesWarned], [1, 0, 1, 1], summary.sentence);
    assert.ok((summary.medianLeadSeconds ?? 0) > 1200, summary.sentence);
    assert.ok(Math.abs(summary.nodeDays - 4 / 24) < 0.01);

    const late = backtestAnswerSchema.parse(await (await ask('rule=headroom&threshold=10&selector=name%3Dedge-01')).json());
    assert.deepEqual([late.nodes.length, late.rule.threshold, late.rule.windowMinutes], [1, 10, null]);
    assert.ok((late.summary.medianLeadSeconds ?? 0) < (summary.medianLeadSeconds ?? 0));
  });

  test('names what is wrong with a question', { timeout: 60_000 }, async (t) => {
    const { ask } = await setUp(t);
    const wrong = async (query: string) => {
      const response = await ask(query);
      const { detail, errors, code } = problemSchema.parse(await response.json());
      return `${response.status} ${code} ${errors?.[0]?.path ?? ''}: ${detail}`;
    };
    assert.match(await wrong('rule=magic'), /^422 request.invalid rule: .*leaking, time-to-emfile/);
    assert.match(await wrong('rule=headroom&threshold=300'), /^422 request.invalid threshold: .*300.* 0.1 to 99 %/);
    assert.match(await wrong('rule=leaking&window=10'), /^422 request.invalid window: /);
    assert.match(await wrong('from=2020-01-01T00:00:00Z'), /^422 request.invalid from: .*31 days/);
    assert.match(await wrong('selector=a%3D%3Db'), /^422 selector.invalid/);
  });
});
