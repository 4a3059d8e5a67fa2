import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFleet } from '#server/fleet/index.ts';
import type { Mark } from '#server/fleet/node-marks.ts';
import { HeadroomError, isHeadroomError } from '#server/kernel/errors.ts';
import { columnsOfSamples } from '#server/metrics/columns.ts';
import { createRecentSamples } from '#server/metrics/recent.ts';
import type { NodeHealth } from '#server/scrape/index.ts';
import { nodeEventsAnswerSchema } from '#shared/annotations.ts';
import { nodeMetricsAnswerSchema, nodeMetricsQuerySchema, type Sample } from '#shared/metrics.ts';
import { type FleetMember, fleetSchema, nodeDetailSchema } from '#shared/nodes.ts';
import { sample } from '#test/support/samples.ts';

const NOW = 1_700_003_600_000;
const MINUTE = 60_000;

const member = (values: Partial<FleetMember> = {}): FleetMember => ({
  ...{ id: 'n_1', name: 'edge-1', host: '10.0.0.1', sshPort: 22, user: 'sre', unit: 'sniproxy', configPath: '/etc/sniproxy/config.yaml' },
  ...{
    metrics: { via: 'http', url: 'http://10.0.0.1:9090/metrics' },
    labels: { group: 'edge' },
    version: 1,
    createdAt: '2026-01-01T00:00:00.000Z',
  },
  ...values,
});

const up: NodeHealth = {
  ...{
    state: 'up',
    reason: null,
    lastSample: null,
    ready: true,
    pool: { enabled: true },
    configSha256: 'a'.repeat(64),
    drill: null,
    version: '0.1.0',
    sshError: null,
  },
};

function rig(
  options: {
    members?: FleetMember[];
    samples?: Sample[];
    health?: Partial<NodeHealth>;
    agreed?: string | null;
    blocked?: boolean;
    run?: string | null;
    now?: number;
    marks?: Mark[];
    problem?: string;
  } = {},
) {
  const memory = createRecentSamples({ keepMs: 7_200_000, thinKeepMs: 30 * 3_600_000 });
  for (const one of options.samples ?? []) memory.push('n_1', one);
  const members = options.members ?? [member()];
  const asked = { hostKey: 0, list: 0 };
  const time = { now: options.now ?? NOW };
  let failure: Error | null = null;
  const fleet = createFleet({
    nodes: {
      list: async () => {
        asked.list++;
        const error = failure;
        failure = null;
        if (error) throw error;
        return members;
      },
      get: async (id) => {
        const found = members.find((m) => m.id === id);
        if (!found) throw new HeadroomError('node.not-found', `there is no node ${id}`);
        return found;
      },
    },
    scraper: { health: (id) => ({ ...up, lastSample: memory.last(id), ...options.health }) },
    metrics: {
      recent: memory.since,
      last: memory.last,
      columns: async (id, from, to, keys) =>
        columnsOfSamples(
          memory.since(id, from).filter((s) => s.at < to),
          keys,
        ),
      problem: () => options.problem ?? null,
      query: async (_, { stepSeconds }) => ({ stepSeconds, buckets: [] }),
    },
    ssh: {
      hostKeys: async () => {
        asked.hostKey++;
        return new Map([['n_1', { pinned: 'SHA256:abc', offered: null, blocked: options.blocked ?? false }]]);
      },
    },
    configFiles: { allAgreed: async () => new Map(options.agreed ? [['n_1', options.agreed]] : []) },
    runs: {
      activeRunOf: () => options.run ?? null,
      touching: async () => [{ id: 'r_1', title: 'fd-leak', from: '2023-11-14T22:13:20.000Z', to: null, verdict: null }],
    },
    marks: { within: async () => options.marks ?? [] },
    clock: { now: () => time.now, sleep: async () => undefined },
  });
  const failOnce = (error: Error) => {
    failure = error;
  };
  return { fleet, asked, time, failOnce };
}

/** 40 minutes at one in 5 s, gaining `perMinute` fds; 20 connections a second. */
const growing = (perMinute: number, minutes = 40): Sample[] =>
  Array.from({ length: minutes * 12 }, (_, i) => {
    const at = NOW - minutes * MINUTE + (i + 1) * 5000;
    return sample(at, {
      openFds: Math.round(100 + (perMinute * i) / 12) + (i % 3),
      acceptedTotal: i * 100,
      processStart: NOW - minutes * MINUTE,
    });
  });

describe('the view of the fleet', () => {
  test('has the promised shape, also for a node never seen', async () => {
    for (const r of [rig(), rig({ samples: growing(0) })]) {
      const view = await r.fleet.view();
      assert.deepEqual(fleetSchema.parse(view), view);
      const detail = await r.fleet.node('n_1');
      nodeDetailSchema.parse(detail);
      assert.deepEqual(detail.node, view.nodes[0]);
    }
  });

  test('joins registry, health, newest sample, host key and run', async () => {
    const { fleet } = rig({
      samples: [
        sample(NOW - 5000, {
          openFds: 200,
          baselineFds: 20,
          connectionsActive: 50,
          connectionsStale: 10,
          poolActive: 6,
          poolIdle: 4,
          withoutBackend: 0,
        }),
      ],
      health: { state: 'degraded', reason: 'The last reload failed.', drill: 'pool-leak' },
      blocked: true,
      run: 'r_1',
    });
    const [node] = (await fleet.view()).nodes;
    assert.ok(node);
    const {
      openFds,
      fdLimit,
      headroom,
      explainedFds,
      unexplainedFds,
      connectionsActive,
      state,
      stateReason,
      pool,
      drill,
      hostKey,
      activeRunId,
      labels,
    } = node;
    assert.deepEqual(
      {
        openFds,
        fdLimit,
        headroom,
        explainedFds,
        unexplainedFds,
        connectionsActive,
        state,
        stateReason,
        pool,
        drill,
        hostKey,
        activeRunId,
        labels,
      },
      {
        ...{ openFds: 200, fdLimit: 8192, headroom: 7992, explainedFds: 104, unexplainedFds: 96, connectionsActive: 50 },
        ...{ state: 'degraded', stateReason: 'The last reload failed.', pool: { enabled: true, active: 6, idle: 4 }, drill: 'pool-leak' },
        ...{ hostKey: { fingerprint: 'SHA256:abc', blocked: true }, activeRunId: 'r_1', labels: { group: 'edge' } },
      },
    );
  });

  test('a leak is called with its slope and the time that is left; a quiet node is not leaking', async () => {
    const [leaking] = (await rig({ samples: growing(90) }).fleet.view()).nodes;
    assert.equal(leaking?.leak.verdict, 'leaking');
    assert.ok(Math.abs((leaking?.leak.perMinute?.mid ?? 0) - 90) < 5, JSON.stringify(leaking?.leak));
    assert.ok(leaking?.timeToEmfileSeconds && leaking.timeToEmfileSeconds.low > 0);
    const [quiet] = (await rig({ samples: growing(0) }).fleet.view()).nodes;
    assert.equal(quiet?.leak.verdict, 'not-leaking');
    assert.ok(Math.abs((quiet?.acceptedPerSecond ?? 0) - 20) < 0.5);
  });

  test('a node that is silent for long has no verdict any more, and says why', async () => {
    const [node] = (await rig({ samples: growing(90), now: NOW + 12 * MINUTE }).fleet.view()).nodes;
    assert.equal(node?.leak.verdict, 'cannot-tell');
    assert.match(node?.leak.missing ?? '', /the last one is 12 minutes old/);
    assert.equal(node?.timeToEmfileSeconds, null);
    assert.equal(node?.acceptedPerSecond, null);
  });

  test('a drill changes nothing but its banner', async () => {
    const plain = await rig({ samples: growing(90) }).fleet.view();
    const drilled = await rig({ samples: growing(90), health: { drill: 'pool-leak' } }).fleet.view();
    assert.deepEqual({ ...drilled.nodes[0], drill: null }, plain.nodes[0]);
  });

  test('drift is a config that is not the agreed one; unknown on either side is none', async () => {
    const drift = async (agreed: string | null, configSha256: string | null) =>
      (await rig({ agreed, health: { configSha256 } }).fleet.view()).nodes[0]?.drift;
    assert.equal(await drift('a'.repeat(64), 'b'.repeat(64)), true);
    assert.equal(await drift('a'.repeat(64), 'a'.repeat(64)), false);
    assert.equal(await drift(null, 'a'.repeat(64)), false);
    assert.equal(await drift('a'.repeat(64), null), false);
    const changing = rig({ agreed: 'a'.repeat(64), health: { configSha256: 'b'.repeat(64) }, run: 'r_1' }).fleet;
    assert.equal((await changing.view()).nodes[0]?.drift, false, 'what a run is changing is no drift');
  });

  test('the sparkline has 60 points, the peak of each minute, null where nothing is known', async () => {
    const samples = [
      sample(NOW - 30 * MINUTE, { openFds: 5 }),
      sample(NOW - 30 * MINUTE + 1000, { openFds: 9 }),
      sample(NOW, { openFds: 7 }),
    ];
    const [node] = (await rig({ samples }).fleet.view()).nodes;
    assert.equal(node?.sparkline.length, 60);
    assert.deepEqual([node?.sparkline[29], node?.sparkline[30], node?.sparkline[59]], [9, null, 7]);
  });

  test('many who ask at once cost one reading', async () => {
    const r = rig({ samples: growing(0) });
    await Promise.all(Array.from({ length: 50 }, () => r.fleet.view()));
    assert.deepEqual(r.asked, { list: 1, hostKey: 1 });
    r.time.now += 1500;
    await r.fleet.view();
    assert.deepEqual(r.asked, { list: 2, hostKey: 2 });
  });

  test('whoever changed a node sees it at once', async () => {
    const r = rig({ samples: growing(0) });
    await r.fleet.view();
    r.fleet.renew();
    await r.fleet.view();
    assert.equal(r.asked.list, 2);
  });

  test('says when samples cannot be stored', async () => {
    assert.equal(
      (await rig({ problem: 'Samples cannot be stored: the disk is full.' }).fleet.view()).problem,
      'Samples cannot be stored: the disk is full.',
    );
    assert.equal('problem' in (await rig().fleet.view()), false);
  });

  test('a reading that failed is not served again', async () => {
    const r = rig();
    r.failOnce(new Error('database is locked'));
    await assert.rejects(r.fleet.view(), /database is locked/);
    assert.equal((await r.fleet.view()).nodes.length, 1);
  });
});

test('selectors may ask for pool, leak, state, drift and version', async () => {
  const { fleet } = rig({ samples: growing(90), agreed: 'b'.repeat(64) });
  await fleet.view();
  assert.deepEqual(fleet.facts(member()), { state: 'up', pool: 'on', leak: 'leaking', drift: 'yes', version: '0.1.0' });
});

describe('the metrics of a node', () => {
  const ask = (r: ReturnType<typeof rig>, query: Record<string, string>) => r.fleet.history('n_1', nodeMetricsQuerySchema.parse(query));

  test('have the promised shape; the last hour, raw, unless said otherwise', async () => {
    const answer = await ask(rig({ samples: growing(90) }), {});
    assert.deepEqual(nodeMetricsAnswerSchema.parse(answer), answer);
    assert.deepEqual([answer.step, answer.from, answer.to], [0, new Date(NOW - 3_600_000).toISOString(), new Date(NOW).toISOString()]);
    assert.equal(answer.times.length, 480);
    for (const series of Object.values(answer.series)) assert.equal(series.length, answer.times.length);
    assert.deepEqual(answer.processStarts, [new Date(NOW - 40 * MINUTE).toISOString()]);
    assert.equal(answer.runs[0]?.id, 'r_1');
  });

  test('a node without a page is never blind', async () => {
    const samples = growing(0).map((s) => ({ ...s, source: 'ssh-proc' as const }));
    assert.equal((await ask(rig({ samples }), {})).blind.length, 1);
    assert.deepEqual((await ask(rig({ samples, members: [member({ metrics: { via: 'none' } })] }), {})).blind, []);
  });

  test('every sample of a day is given to who asks for it, in the series asked for; of more than 48 hours it is not', async () => {
    const r = rig({ samples: growing(90) });
    const answer = await ask(r, { from: String(NOW - 86_400_000), full: '1', series: 'openFds,fdLimit' });
    assert.equal(answer.step, 0);
    assert.deepEqual(Object.keys(answer.series), ['openFds', 'fdLimit']);
    await assert.rejects(ask(r, { from: String(NOW - 49 * 3_600_000), full: '1' }), /49 hours.*48 hours at most/);
    assert.equal(nodeMetricsQuerySchema.safeParse({ series: 'openFds,nonsense' }).success, false);
  });

  test('long ranges get a step that keeps the points drawable', async () => {
    const answer = await ask(rig(), { from: new Date(NOW - 30 * 86_400_000).toISOString() });
    assert.ok(answer.step > 0 && (30 * 86_400) / answer.step <= 1500, `${answer.step}`);
  });

  const refused: [string, Record<string, string>, string, RegExp][] = [
    ['from after to', { from: String(NOW), to: String(NOW - 1) }, 'from', /should be before to/],
    ['from in the future', { from: String(NOW + 1000) }, 'from', /should be before to/],
    ['more than is kept', { from: '0' }, 'from', /400 days are kept at most/],
    ['too many points', { from: String(NOW - 86_400_000), step: '1' }, 'step', /86400 points.*should be 18 or more/],
  ];
  for (const [what, query, field, words] of refused)
    test(`${what}: refused, naming ${field}`, async () => {
      await assert.rejects(ask(rig(), query), (error) => {
        assert.ok(isHeadroomError(error));
        assert.equal(error.code, 'request.invalid');
        assert.equal(error.fields?.[0]?.path, field);
        assert.match(error.message, words);
        return true;
      });
    });

  for (const query of [{ from: 'yesterday' }, { to: '12:00' }, { step: 'a' }, { step: '-1' }, { step: '1.5' }, { step: '1e9' }])
    test(`${JSON.stringify(query)} cannot be read`, () => {
      const parsed = nodeMetricsQuerySchema.safeParse(query);
      assert.equal(parsed.error?.issues[0]?.path[0], Object.keys(query)[0]);
    });

  test('an unknown node is node.not-found', async () => {
    await assert.rejects(rig().fleet.history('n_9', {}), (error) => isHeadroomError(error) && error.code === 'node.not-found');
    await assert.rejects(rig().fleet.node('n_9'), (error) => isHeadroomError(error) && error.code === 'node.not-found');
  });
});

describe('what happened to a node', () => {
  const RESTART = NOW - 20 * MINUTE;
  const every5s = (fromMs: number, toMs: number, values: Partial<Sample>) =>
    Array.from({ length: (toMs - fromMs) / 5000 }, (_, i) => sample(fromMs + i * 5000, values));

  test('restarts, gaps, blind stretches, runs, configs and drills, in order of time', async () => {
    const samples = [
      ...every5s(NOW - 30 * MINUTE, RESTART, { processStart: NOW - 90 * MINUTE, openFds: 900 }),
      ...every5s(RESTART + 5000, NOW - 10 * MINUTE, { processStart: RESTART, openFds: 40 }),
      ...every5s(NOW - 8 * MINUTE, NOW - 5 * MINUTE, { processStart: RESTART, openFds: 50, source: 'ssh-proc' }),
      ...every5s(NOW - 5 * MINUTE, NOW, { processStart: RESTART, openFds: 55 }),
    ];
    const marks: Mark[] = [
      { kind: 'config', fromMs: NOW - 21 * MINUTE, toMs: NOW - 21 * MINUTE, value: 'b'.repeat(64), earlier: 'a'.repeat(64) },
      { kind: 'drill', fromMs: NOW - MINUTE, toMs: null, value: 'pool-leak' },
    ].map((mark) => ({ earlier: null, ...mark }) as Mark);
    const answer = await rig({ samples, marks }).fleet.events('n_1', {});
    assert.deepEqual(nodeEventsAnswerSchema.parse(answer), answer);
    const at = (ms: number) => new Date(ms).toISOString();
    assert.deepEqual(
      answer.events.map(({ kind, from, to }) => [kind, from, to]),
      [
        ['run', '2023-11-14T22:13:20.000Z', null],
        ['config', at(NOW - 21 * MINUTE), at(NOW - 21 * MINUTE)],
        ['restart', at(RESTART), at(RESTART)],
        ['gap', at(NOW - 10 * MINUTE - 5000), at(NOW - 8 * MINUTE)],
        ['blind', at(NOW - 8 * MINUTE), at(NOW - 5 * MINUTE)],
        ['drill', at(NOW - MINUTE), null],
      ],
    );
    assert.deepEqual(
      answer.events.find((one) => one.kind === 'restart'),
      { kind: 'restart', from: at(RESTART), to: at(RESTART), livedSeconds: 70 * 60 - 5, fdsBefore: 900, fdsAfter: 40, runId: 'r_1' },
    );
  });

  test('what goes on has no end: silence, and counting over SSH', async () => {
    const silent = rig({ samples: every5s(NOW - 30 * MINUTE, NOW - 9 * MINUTE, {}) });
    assert.deepEqual((await silent.fleet.events('n_1', {})).events.at(-1), {
      ...{ kind: 'gap', from: new Date(NOW - 9 * MINUTE - 5000).toISOString(), to: null },
    });
    const blind = rig({ samples: every5s(NOW - 30 * MINUTE, NOW, { source: 'ssh-proc' }) });
    assert.deepEqual((await blind.fleet.events('n_1', {})).events.at(-1), {
      ...{ kind: 'blind', from: new Date(NOW - 30 * MINUTE).toISOString(), to: null },
    });
    const counted = rig({
      samples: every5s(NOW - 30 * MINUTE, NOW, { source: 'ssh-proc', processStart: NOW - 90 * MINUTE }),
      members: [member({ metrics: { via: 'none' } })],
    });
    assert.deepEqual(
      (await counted.fleet.events('n_1', {})).events.map(({ kind }) => kind),
      ['run'],
    );
  });
});
