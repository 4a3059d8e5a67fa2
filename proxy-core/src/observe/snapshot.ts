import { FD_KINDS, type FdKind, PHASES, type Phase } from '../contract/words.ts';
import type { Core } from '../relay/core.ts';
import { countOpenFds } from './fds.ts';

export type Fds = { open: number; limit: number; budget: number; baseline: number; kinds: Record<FdKind, number> };

const zeros = <K extends string>(keys: readonly K[]): Record<K, number> =>
  keys.reduce((all, key) => Object.assign(all, { [key]: 0 }), {} as Record<K, number>);

/** Connections by phase. Phases that depend on time are told when they are asked for, so no timer has to move them. */
export function phases(core: Core): Record<Phase, number> {
  const counts = zeros(PHASES);
  const now = core.wheel.now();
  for (const connection of core.connections) counts[connection.phase(now)] += 1;
  return counts;
}

/** Connections that hold one descriptor instead of two. Not the stale ones: those are taken for lost whole. */
export function withoutBackend(core: Core): number {
  const now = core.wheel.now();
  let count = 0;
  for (const connection of core.connections) if (connection.isAlone && connection.phase(now) !== 'stale') count += 1;
  return count;
}

export function fds(core: Core, listeners: number): Fds {
  const { budget, pool } = core;
  const kinds = { ...zeros(FD_KINDS), listener: listeners, client: budget.clients, upstream: budget.upstreams, pool_idle: pool.idle };
  const tracked = listeners + budget.clients + budget.upstreams + pool.idle;
  const open = countOpenFds() ?? tracked + Math.max(0, budget.baseline - listeners);
  kinds.other = Math.max(0, open - tracked);
  return { open, limit: budget.limit, budget: budget.total, baseline: budget.baseline, kinds };
}

/** Generations that are told one by one, the newest; those before them are "older". */
const TOLD_GENERATIONS = 8;

/** Connections by the generation of the config that they began with: after a reload, how many are still under the old one. */
export function generations(core: Core): Record<string, number> {
  const { generation: newest } = core.live;
  const counts: Record<string, number> = { [newest]: 0 };
  for (const { generation } of core.connections) {
    const key = generation > newest - TOLD_GENERATIONS ? String(generation) : 'older';
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
