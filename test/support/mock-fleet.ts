import type { NodeMetricsAnswer } from '#shared/metrics.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { toInstant } from '#shared/time.ts';

/** A made-up fleet with one of everything that a page must show: leaks, a young process, blind, down, blocked, drift, a run. */
export type Story = {
  name: string;
  labels: Record<string, string>;
  limit: number;
  tunnels: number;
  /** connections a second; without it, as many as their usual length makes of the tunnels */
  accepted?: number;
  perMinute: number;
  openNow: number;
  ageSeconds: number;
  odd?: Partial<FleetNode>;
};

const random = (seed: number) => {
  let state = seed;
  return () => {
    state += 0x6d2b79f5;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
};

const SITES = { fra: 48, ams: 48, lhr: 40, iad: 48, sjc: 40, sin: 32, gru: 24, syd: 24 } as const;
const none = {
  openFds: null,
  headroom: null,
  explainedFds: null,
  unexplainedFds: null,
  connectionsActive: null,
  acceptedPerSecond: null,
  processStart: null,
} as const;
const ODD: Record<string, Partial<Story>> = {
  'edge-fra-03': { limit: 65_536, openNow: 52_386, tunnels: 3447, perMinute: 346, ageSeconds: 9593 },
  'edge-fra-11': { limit: 65_536, openNow: 39_012, tunnels: 3102, perMinute: 204, ageSeconds: 10_840 },
  'edge-ams-07': { limit: 65_536, openNow: 30_857, tunnels: 2960, perMinute: 102, ageSeconds: 17_200 },
  'edge-fra-17': { limit: 65_536, openNow: 14_241, tunnels: 2711, perMinute: 45, ageSeconds: 12_050 },
  'edge-lhr-22': {
    ageSeconds: 252,
    odd: { leak: { verdict: 'cannot-tell', perMinute: null, per1000Connections: null, missing: '6 more minutes of this process life' } },
  },
  'edge-sin-05': {
    odd: {
      state: 'scrape-blind',
      stateReason: 'the metrics page does not answer; fds are counted over SSH',
      explainedFds: null,
      unexplainedFds: null,
    },
  },
  'edge-syd-19': {
    odd: {
      ...none,
      state: 'down',
      stateReason: 'neither SSH nor the metrics page answers',
      leak: { verdict: 'cannot-tell', perMinute: null, per1000Connections: null },
      lastSampleAt: null,
      sparkline: [],
    },
  },
  'edge-sjc-31': {
    odd: {
      ...none,
      state: 'unknown',
      stateReason: 'the host key changed',
      hostKey: { fingerprint: 'SHA256:3rTqk8Zx1vYp0LwQm2nB7sJdF5hGc9aKeRtUyIoP4zX', blocked: true },
      leak: { verdict: 'cannot-tell', perMinute: null, per1000Connections: null },
      sparkline: [],
    },
  },
  'edge-iad-31': { odd: { drift: true } },
  'edge-ams-30': { odd: { state: 'degraded', stateReason: '/ready is 503: the last reload failed' } },
};

export function bigFleet(): Story[] {
  const next = random(20_261_117);
  return Object.entries(SITES).flatMap(([site, count]) =>
    Array.from({ length: count }, (_, i) => {
      const name = `edge-${site}-${String(i + 1).padStart(2, '0')}`;
      const tunnels = Math.round(1200 + 2600 * next());
      const base: Story = {
        name,
        labels: { group: 'edge', site, ...(i === 0 ? { canary: '' } : {}) },
        limit: 16_384,
        tunnels,
        perMinute: 0,
        openNow: 40 + tunnels * 2 + Math.round(next() * 2500),
        ageSeconds: Math.round(86_400 * (2 + 19 * next())),
      };
      return { ...base, ...ODD[name] };
    }),
  );
}

/** The same fleet over and over, until it is a thousand nodes; what is odd stays as rare. */
export const thousandFleet = (): Story[] =>
  [1, 2, 3, 4]
    .flatMap((copy) => bigFleet().map((story) => (copy === 1 ? story : { ...story, name: `${story.name}-${copy}`, odd: {}, perMinute: 0 })))
    .slice(0, 1000);

/** As `npm run demo` has it: five nodes, two leak. */
export const demoFleet = (): Story[] =>
  [
    [96, 1540, 'pool-leak'],
    [71, 1208, 'eof-leak'],
    [0, 260, null],
    [0, 244, null],
    [0, 252, null],
  ].map(([perMinute, openNow, drill], i) => ({
    name: `edge-0${i + 1}`,
    labels: { group: 'edge', zone: i < 3 ? 'eu' : 'us' },
    limit: 8192,
    tunnels: 100 + i * 4,
    accepted: 8,
    perMinute: Number(perMinute),
    openNow: Number(openNow),
    ageSeconds: 940,
    odd: { drill: drill === null ? null : String(drill) },
  }));

export function fleetNode(story: Story, startedMs: number, nowMs: number): FleetNode {
  const { limit, tunnels, perMinute } = story;
  const openFds = Math.min(
    limit,
    Math.round(story.openNow + (perMinute * (nowMs - startedMs)) / 60_000 + 6 * Math.sin(nowMs / 9000 + tunnels)),
  );
  const acceptedPerSecond = story.accepted ?? Math.round(tunnels / 24) / 10;
  const leaking = perMinute > 0;
  const per1000 = (perMinute / (acceptedPerSecond * 60)) * 1000;
  const seconds = ((limit - openFds) / perMinute) * 60;
  const explainedFds = Math.min(openFds, 40 + 2 * tunnels + (leaking ? 0 : 1200));
  const node: FleetNode = {
    id: `id-${story.name}`,
    name: story.name,
    labels: story.labels,
    state: 'up',
    stateReason: null,
    openFds,
    fdLimit: limit,
    headroom: limit - openFds,
    explainedFds,
    unexplainedFds: openFds - explainedFds,
    connectionsActive: tunnels,
    acceptedPerSecond,
    processStart: toInstant(startedMs - story.ageSeconds * 1000),
    leak: leaking
      ? {
          verdict: 'leaking',
          perMinute: { low: perMinute * 0.87, mid: perMinute, high: perMinute * 1.12 },
          per1000Connections: { low: per1000 * 0.96, mid: per1000, high: per1000 * 1.04 },
        }
      : { verdict: 'not-leaking', perMinute: { low: -2, mid: 0.1, high: 2 }, per1000Connections: { low: -0.4, mid: 0.1, high: 0.6 } },
    timeToEmfileSeconds: leaking ? { low: seconds / 1.12, mid: seconds, high: perMinute > 60 ? seconds / 0.87 : null } : null,
    pool: { enabled: story.name !== 'edge-fra-03', active: 0, idle: leaking ? 0 : 1200 },
    configSha256: '9f27c4e1b0a2d3c4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c',
    drift: false,
    drill: null,
    hostKey: { fingerprint: 'SHA256:3rTqk8Zx1vYp0LwQm2nB7sJdF5hGc9aKeRtUyIoP4zX', blocked: false },
    activeRunId: story.name === 'edge-iad-09' ? 'run-7f3a' : null,
    lastSampleAt: toInstant(nowMs),
    sparkline: Array.from({ length: 60 }, (_, i) =>
      openAt({ ...story, ageSeconds: story.ageSeconds + (nowMs - startedMs) / 1000 }, openFds, (59 - i) * 60),
    ),
  };
  return { ...node, ...story.odd };
}

/** Open fds so many seconds ago: the life before this one leaked too, until the restart. */
function openAt(story: Story, openNow: number, secondsAgo: number): number {
  const { perMinute, ageSeconds, limit } = story;
  const wobble = 14 * Math.sin(secondsAgo / 55) + 9 * Math.sin(secondsAgo / 17);
  if (perMinute === 0) return Math.round(Math.max(60, openNow + wobble * 2));
  const idle = openNow - (perMinute * ageSeconds) / 60;
  if (secondsAgo <= ageSeconds) return Math.round(Math.max(60, openNow - (perMinute * secondsAgo) / 60 + wobble));
  return Math.round(Math.max(60, Math.min(limit, idle + (perMinute * 9000) / 60 - (perMinute * (secondsAgo - ageSeconds)) / 60 + wobble)));
}

export function nodeMetrics(
  story: Story,
  startedMs: number,
  query: { fromMs: number; toMs: number; step: number },
  presentMs: number,
): NodeMetricsAnswer {
  const nowMs = Math.min(presentMs, query.toMs);
  const current = fleetNode(story, startedMs, presentMs);
  const stepSeconds = query.step || 2;
  const times: number[] = [];
  const series: Record<string, (number | null)[]> = {};
  const put = (values: Record<string, number | null>) => {
    for (const [name, value] of Object.entries(values)) {
      const list = series[name] ?? [];
      list.push(value);
      series[name] = list;
    }
  };
  const startMs = startedMs - story.ageSeconds * 1000;
  const aged = { ...story, ageSeconds: (presentMs - startMs) / 1000 };
  const restartGap = 8000;
  for (let at = query.fromMs; at <= nowMs; at += stepSeconds * 1000) {
    if (at > startMs - restartGap && at < startMs) continue;
    times.push(at / 1000);
    const open = openAt(aged, current.openFds ?? 0, (presentMs - at) / 1000);
    const wave = Math.sin(at / 400_000) * 0.08 + Math.sin(at / 31_000) * 0.03;
    const tunnels = Math.round(story.tunnels * (1 + wave));
    const blind = at > nowMs - 520_000 && at < nowMs - 400_000;
    const explained = Math.min(open, 40 + 2 * tunnels);
    put({
      openFds: open,
      fdLimit: story.limit,
      explainedFds: blind ? null : explained,
      unexplainedFds: blind ? null : open - explained,
      connectionsActive: blind ? null : tunnels,
      connectionsStale: blind ? null : Math.max(0, Math.round((open - explained) / 2)),
      poolActive: blind ? null : 0,
      poolIdle: blind ? null : (current.pool.idle ?? 0),
      acceptedPerSecond: blind ? null : (story.accepted ?? tunnels / 240) * (1 + Math.sin(at / 5000) * 0.15),
      refusedPerSecond: blind ? null : open >= story.limit - 200 ? 9 : 0.05,
      bytesPerSecond: blind ? null : tunnels * 18_000 * (1 + Math.sin(at / 70_000) * 0.1),
      rssBytes: blind ? null : 88e6 + open * 900,
      eventLoopLagSeconds: blind ? null : 0.0021 + 0.0012 * Math.abs(Math.sin(at / 47_000)),
    });
  }
  return {
    from: toInstant(query.fromMs),
    to: toInstant(query.toMs),
    step: query.step,
    processStarts: startMs > query.fromMs ? [toInstant(startMs)] : [],
    times,
    series,
    blind: nowMs - 520_000 > query.fromMs ? [{ from: toInstant(nowMs - 520_000), to: toInstant(nowMs - 400_000) }] : [],
    runs: [
      { id: 'R-1188', title: 'fd-leak: pool off', from: toInstant(startMs - 180_000), to: toInstant(startMs + 2_300_000), verdict: 'fail' },
    ],
  };
}
