import type { EventHub } from '#server/events/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import type { Log } from '#server/kernel/log.ts';
import { createLiveSeries, type MetricStore } from '#server/metrics/index.ts';
import type { Nodes } from '#server/nodes/index.ts';
import type { NodeOps, Ssh } from '#server/ssh/index.ts';
import type { ErrorCode } from '#shared/errors.ts';
import type { Sample } from '#shared/metrics.ts';
import type { FleetMember, NodeState } from '#shared/nodes.ts';
import { judgeHealth } from './health.ts';
import { createLimiter } from './limiter.ts';
import { NodeWatch, type WatchDeps } from './watch.ts';

export type NodeHealth = {
  state: NodeState;
  /** why it is not `up`, in words */
  reason: string | null;
  lastSample: Sample | null;
  ready: boolean | null;
  pool: { enabled: boolean | null };
  /** of the file on the node; of the config that the process loaded where SSH does not answer */
  configSha256: string | null;
  drill: string | null;
  /** of the proxy, as it says itself */
  version: string | null;
  sshError: { code: ErrorCode; detail: string } | null;
};

export type Scraper = {
  start(): void;
  stop(): Promise<void>;
  health(nodeId: string): NodeHealth;
  recent(nodeId: string, sinceMs: number): Sample[];
  /** reads the node every 2 s until then */
  focus(nodeId: string, untilMs: number): void;
  /** reads and probes the node now */
  nudge(nodeId: string): void;
};

export type ScraperDeps = {
  nodes: Pick<Nodes, 'list' | 'onChange'>;
  metrics: Pick<MetricStore, 'append' | 'recent' | 'last'>;
  ssh: Pick<Ssh, 'openTcp' | 'exec'>;
  ops: Pick<NodeOps, 'probe'>;
  events: Pick<EventHub, 'publish'>;
  clock: Clock;
  log: Log;
  intervalMs: number;
  dialer?: WatchDeps['dialer'];
};

const PAGES_AT_ONCE = 128;
const PROBES_AT_ONCE = 64;
/** First readings are spread by this much a node, over one interval at most. */
const STAGGER_MS = 20;
const STALE_INTERVALS = 3;
const STALE_AT_LEAST_MS = 60_000;

export const UNKNOWN: NodeHealth = Object.freeze({
  state: 'unknown',
  reason: 'Not asked yet.',
  lastSample: null,
  ready: null,
  pool: Object.freeze({ enabled: null }),
  configSha256: null,
  drill: null,
  version: null,
  sshError: null,
});

export function createScraper(deps: ScraperDeps): Scraper {
  const { nodes, metrics, events, clock, log, intervalMs } = deps;
  const watches = new Map<string, { watch: NodeWatch; key: string; told: NodeHealth | null }>();
  const [limitPages, limitProbes] = [createLimiter(PAGES_AT_ONCE), createLimiter(PROBES_AT_ONCE)];
  const staleAfterMs = Math.max(STALE_AT_LEAST_MS, STALE_INTERVALS * intervalMs);
  const leaving = new Set<Promise<void>>();
  let [started, stopped] = [false, false];
  let reconciling: Promise<void> = Promise.resolve();
  let unsubscribe: () => void = () => undefined;

  function health(nodeId: string): NodeHealth {
    const watched = watches.get(nodeId);
    if (!watched) return { ...UNKNOWN, lastSample: metrics.last(nodeId) };
    const { member, page, ssh, facts, lastSample } = watched.watch.view();
    const { state, reason } = judgeHealth({ now: clock.now(), staleAfterMs, via: member.metrics.via, unit: member.unit, page, ssh });
    return {
      state,
      reason,
      lastSample,
      ready: page?.ok ? page.ready : null,
      pool: { enabled: facts.poolEnabled },
      configSha256: (ssh?.ok === false ? facts.loadedSha256 : null) ?? facts.fileSha256 ?? facts.loadedSha256,
      drill: facts.drill,
      version: facts.version,
      sshError: ssh?.ok === false ? { code: ssh.code, detail: ssh.detail } : null,
    };
  }

  /** Tells browsers when a node's words changed; its numbers travel with each sample. */
  function tellChange(nodeId: string): void {
    const watched = watches.get(nodeId);
    if (!watched) return;
    const words = health(nodeId);
    const before = watched.told;
    if (before && sameWords(before, words)) return;
    if (before) log.info({ nodeId, state: words.state, reason: words.reason }, 'node changed');
    watched.told = words;
    const { lastSample: _, ...facts } = words;
    events.publish({ type: 'node.changed', nodeId }, { facts });
  }

  function watchMember(member: FleetMember, firstDelayMs: number): void {
    const live = createLiveSeries();
    const lastSample = metrics.last(member.id);
    if (lastSample) live(lastSample);
    const watch = new NodeWatch({
      ...{ member, intervalMs, clock, limitPages, limitProbes, lastSample, ssh: deps.ssh, ops: deps.ops },
      ...(deps.dialer && { dialer: deps.dialer }),
      onSample(sample) {
        metrics.append(member.id, sample);
        const { at, processStart } = sample;
        events.publish({ type: 'fleet.sample', nodeId: member.id, at, values: live(sample), processStart }, { sample });
      },
      onReading: () => tellChange(member.id),
    });
    watches.set(member.id, { watch, key: keyOf(member), told: null });
    watch.start(firstDelayMs);
  }

  function leave(nodeId: string): void {
    const stopping = watches.get(nodeId)?.watch.stop();
    watches.delete(nodeId);
    if (!stopping) return;
    leaving.add(stopping);
    void stopping.finally(() => leaving.delete(stopping));
  }

  async function reconcile(): Promise<void> {
    const members = await nodes.list();
    if (stopped) return;
    const wanted = new Map(members.map((member) => [member.id, member]));
    for (const [id, { key }] of watches) {
      const member = wanted.get(id);
      if (!member || keyOf(member) !== key) leave(id);
    }
    members
      .filter((member) => !watches.has(member.id))
      .forEach((member, i) => {
        watchMember(member, Math.min(i * STAGGER_MS, intervalMs));
      });
  }

  const follow = () => {
    reconciling = reconciling.then(reconcile).catch((error: unknown) => log.error({ err: error }, 'the list of nodes could not be read'));
  };

  return {
    start() {
      if (started) return;
      started = true;
      unsubscribe = nodes.onChange(follow);
      follow();
    },
    async stop() {
      stopped = true;
      unsubscribe();
      await reconciling;
      for (const id of [...watches.keys()]) leave(id);
      await Promise.all(leaving);
    },
    health,
    recent: metrics.recent,
    focus: (nodeId, untilMs) => watches.get(nodeId)?.watch.focus(untilMs),
    nudge: (nodeId) => watches.get(nodeId)?.watch.nudge(),
  };
}

/** A change of these means another way to reach it; labels may change without a new watch. */
function keyOf({ name, host, sshPort, user, unit, configPath, metrics }: FleetMember): string {
  return JSON.stringify([name, host, sshPort, user, unit, configPath, metrics]);
}

/** All but the numbers. Compared for every reading of every node. */
const sameWords = (a: NodeHealth, b: NodeHealth): boolean =>
  a.state === b.state &&
  a.reason === b.reason &&
  a.ready === b.ready &&
  a.pool.enabled === b.pool.enabled &&
  a.configSha256 === b.configSha256 &&
  a.drill === b.drill &&
  a.version === b.version &&
  a.sshError?.code === b.sshError?.code &&
  a.sshError?.detail === b.sshError?.detail;
