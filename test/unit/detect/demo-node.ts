import type { Sample } from '#shared/metrics.ts';

/** A seeded stream of numbers in [0, 1) (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export type NodeShape = {
  seed: number;
  /** epoch ms of the process start */
  start?: number;
  /** seconds of process age at the first and last sample */
  from?: number;
  to: number;
  every?: number;
  /** accepted connections per second */
  rate?: number;
  /** long-lived tunnels that reconnect within 3 s of the start */
  held?: number;
  /** mean seconds of a short connection */
  stay?: number;
  /** fds leaked per minute, as sockets that nothing owns, two at a time ('pool'), or as tunnels that get stuck and turn stale after 5 s ('eof') */
  leak?: { perMinute: number; kind: 'pool' | 'eof'; fromAge?: number };
  limit?: number;
  baseline?: number;
  /** idle pool that fills by one every two seconds after the start */
  pool?: number;
  /** a node that exports neither stale tunnels nor a baseline */
  foreign?: boolean;
};

const STALE_AFTER = 5;

/** One process life of a proxy under light load, looked at every `every` seconds: arrivals are Poisson, stays exponential. */
export function demoNode(shape: NodeShape): Sample[] {
  const {
    seed,
    start = 1_800_000_000_000,
    from = 2,
    to,
    every = 5,
    rate = 4,
    held = 20,
    stay = 1.5,
    leak,
    limit = 4096,
    baseline = 24,
    pool = 0,
  } = shape;
  const next = random(seed);
  const step = 0.1;
  const ends: number[] = [];
  const stuck: number[] = [];
  const samples: Sample[] = [];
  let accepted = 0;
  let lost = 0;
  let connected = 0;
  let look = from + next() * every * 0.2;
  for (let age = 0; age <= to; age += step) {
    if (connected < held && age >= (3 * connected) / Math.max(1, held)) {
      connected += 1;
      accepted += 1;
    }
    if (next() < rate * step) {
      accepted += 1;
      ends.push(age - Math.log(1 - next()) * stay);
    }
    if (leak && age >= (leak.fromAge ?? 0) && next() < ((leak.perMinute / 60) * step) / 2) {
      if (leak.kind === 'pool') lost += 2;
      else stuck.push(age);
    }
    if (age < look) continue;
    look += every;
    const open = ends.filter((end) => end > age).length;
    const stale = stuck.filter((since) => age - since > STALE_AFTER).length;
    const active = connected + open + stuck.length;
    const idle = Math.min(pool, Math.floor(age / 2));
    const jitter = Math.round((next() - 0.5) * 3);
    samples.push({
      at: Math.round(start + age * 1000),
      processStart: start,
      openFds: Math.min(limit, baseline + 2 * active + idle + lost + jitter),
      fdLimit: limit,
      connectionsActive: active,
      connectionsStale: shape.foreign ? null : stale,
      withoutBackend: shape.foreign ? null : 0,
      poolActive: 0,
      poolIdle: idle,
      baselineFds: shape.foreign ? null : baseline,
      acceptedTotal: accepted,
      refusedTotal: 0,
      bytesTotal: null,
      errorsTotal: null,
      rssBytes: null,
      cpuSeconds: null,
      eventLoopLagSeconds: null,
      source: 'http',
    });
  }
  return samples;
}
