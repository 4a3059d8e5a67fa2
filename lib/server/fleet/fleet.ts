import { verdictSentence } from '#server/detect/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { explainedOf, type MetricStore } from '#server/metrics/index.ts';
import type { Nodes } from '#server/nodes/index.ts';
import type { NodeHealth, Scraper } from '#server/scrape/index.ts';
import type { Ssh } from '#server/ssh/index.ts';
import type { Annotation, NodeEventsAnswer, NodeEventsQuery } from '#shared/annotations.ts';
import type { NodeMetricsAnswer, NodeMetricsQuery } from '#shared/metrics.ts';
import type { FleetMember, FleetNode, Fleet as FleetView, NodeDetail } from '#shared/nodes.ts';
import { type Instant, toInstant } from '#shared/time.ts';
import type { NodeFds } from '#shared/xray.ts';
import { happeningsOf } from './happenings.ts';
import { rangeOf, readChart } from './history.ts';
import { createJudge, type Judged } from './judged.ts';
import type { NodeMarks } from './node-marks.ts';

export type Fleet = {
  view(): Promise<FleetView>;
  /** A node was added, changed or removed: whoever did that sees it in the next view. */
  renew(): void;
  /** throws node.not-found */
  node(id: string): Promise<NodeDetail>;
  /** throws node.not-found, request.invalid */
  history(id: string, query: NodeMetricsQuery): Promise<NodeMetricsAnswer>;
  /** what happened to a node, for its charts; throws node.not-found, request.invalid */
  events(id: string, query: NodeEventsQuery): Promise<NodeEventsAnswer>;
  /** what selectors may ask besides name and labels: pool, leak, state, drift, version */
  facts(member: FleetMember): Record<string, string>;
};

export type FleetDeps = {
  nodes: Pick<Nodes, 'list' | 'get'>;
  scraper: Pick<Scraper, 'health'>;
  metrics: Pick<MetricStore, 'recent' | 'last' | 'columns' | 'query' | 'problem'>;
  ssh: Pick<Ssh, 'hostKeys'>;
  configFiles: { allAgreed(): Promise<ReadonlyMap<string, string>> };
  runs: {
    activeRunOf(nodeId: string): string | null;
    touching(nodeId: string, fromMs: number, toMs: number): NodeMetricsAnswer['runs'] | Promise<NodeMetricsAnswer['runs']>;
  };
  marks: Pick<NodeMarks, 'within'>;
  /** those that a node was part of */
  incidents?: {
    touching(nodeId: string, fromMs: number, toMs: number): Promise<(Span & { id: string; title: string; severity: string | null })[]>;
  };
  /** the last look at a node's fds and what grew since the one before */
  fds?: (nodeId: string) => Promise<Pick<NodeFds, 'look' | 'comparison'>>;
  clock: Clock;
};
type Span = { from: Instant; to: Instant | null };

/** Of one answer; the newest are given. */
const MAX_EVENTS = 1000;

/** One view serves everyone who asks within this time. */
const VIEW_MS = 200;
/** Host keys and agreed configs come from the database; read anew after this long. */
const RECORDED_MS = 1000;

type Recorded = { hostKey: FleetNode['hostKey']; agreedSha256: string | null };
const NOTHING_RECORDED: Recorded = { hostKey: { fingerprint: null, blocked: false }, agreedSha256: null };

/** The read side of the fleet: registry, health, samples, judgement, records and runs joined into what a page shows. Writes nothing. */
export function createFleet(deps: FleetDeps): Fleet {
  const { nodes, scraper, clock } = deps;
  const judge = createJudge(deps.metrics, clock);
  let records: { at: number; read: Promise<unknown> } | null = null;
  let known = new Map<string, Recorded>();
  let nodeCount = 1;
  let current: { at: number; view: Promise<FleetView> } | null = null;

  async function recorded(nodeId: string): Promise<Recorded> {
    const now = clock.now();
    if (!records || now - records.at >= RECORDED_MS || now < records.at) {
      records = { at: now, read: readRecords() };
      records.read.catch(() => {
        records = null;
      });
    }
    await records.read;
    return known.get(nodeId) ?? NOTHING_RECORDED;
  }

  async function readRecords(): Promise<void> {
    const [keys, agreed] = await Promise.all([deps.ssh.hostKeys(), deps.configFiles.allAgreed()]);
    known = new Map(
      [...new Set([...keys.keys(), ...agreed.keys()])].map((nodeId) => {
        const key = keys.get(nodeId);
        const hostKey = { fingerprint: key?.pinned ?? null, blocked: key?.blocked ?? false };
        return [nodeId, { hostKey, agreedSha256: agreed.get(nodeId) ?? null }];
      }),
    );
  }

  async function fleetNode(member: FleetMember): Promise<FleetNode> {
    const now = clock.now();
    const judged = judge.of(member.id, now, nodeCount);
    return join({
      ...{ member, judged },
      health: scraper.health(member.id),
      recorded: await recorded(member.id),
      activeRunId: deps.runs.activeRunOf(member.id),
    });
  }

  async function readView(): Promise<FleetView> {
    const members = await nodes.list();
    nodeCount = Math.max(1, members.length);
    const ids = new Set(members.map((member) => member.id));
    judge.keepOnly(ids);
    const problem = deps.metrics.problem();
    return { asOf: toInstant(clock.now()), nodes: await Promise.all(members.map(fleetNode)), ...(problem !== null && { problem }) };
  }

  return {
    renew() {
      current = null;
    },
    async view() {
      const now = clock.now();
      if (current && now - current.at < VIEW_MS && now >= current.at) return current.view;
      const view = readView();
      current = { at: now, view };
      view.catch(() => {
        current = null;
      });
      return view;
    },
    async node(id) {
      const member = await nodes.get(id);
      const [node, fds] = await Promise.all([fleetNode(member), deps.fds?.(id) ?? null]);
      return { node, verdict: verdictSentence({ leak: node.leak, now: clock.now(), processStart: node.processStart, fds }), member };
    },
    async history(id, query) {
      const member = await nodes.get(id);
      const range = rangeOf(query, clock.now());
      const [chart, runs] = await Promise.all([
        readChart(deps.metrics, id, range, query.series),
        deps.runs.touching(id, range.fromMs, range.toMs),
      ]);
      return {
        from: toInstant(range.fromMs),
        to: toInstant(range.toMs),
        step: chart.stepSeconds,
        processStarts: chart.processStarts.map(toInstant),
        times: chart.times,
        series: query.series ? Object.fromEntries(query.series.map((name) => [name, chart.series[name] ?? []])) : chart.series,
        // a node without a metrics page is always counted over SSH: nothing went blind
        blind: member.metrics.via === 'none' ? [] : chart.blind.map((b) => ({ from: toInstant(b.fromMs), to: toInstant(b.toMs) })),
        runs,
      };
    },
    async events(id, query) {
      const member = await nodes.get(id);
      const now = clock.now();
      const { fromMs, toMs } = rangeOf(query, now);
      const [happened, runs, marks, incidents] = await Promise.all([
        happeningsOf(deps.metrics, id, { fromMs, toMs, now, hasPage: member.metrics.via !== 'none' }),
        deps.runs.touching(id, fromMs, toMs),
        deps.marks.within(id, fromMs, toMs),
        deps.incidents?.touching(id, fromMs, toMs) ?? [],
      ]);
      const runAt = (at: Instant) => runs.find((run) => run.from <= at && (run.to === null || run.to >= at))?.id ?? null;
      const events: Annotation[] = [
        ...happened.map((one) => (one.kind === 'restart' ? { ...one, runId: runAt(one.from) } : one)),
        ...runs.map(({ id: runId, ...run }): Annotation => ({ kind: 'run', runId, ...run })),
        ...marks.map((mark): Annotation => {
          const span = { from: toInstant(mark.fromMs), to: mark.toMs === null ? null : toInstant(mark.toMs) };
          if (mark.kind === 'drill') return { kind: 'drill', ...span, drill: mark.value };
          return { kind: 'config', ...span, before: mark.earlier, after: mark.value, runId: runAt(span.from) };
        }),
        ...incidents.map(({ id: incidentId, ...incident }): Annotation => ({ kind: 'incident', incidentId, ...incident })),
      ];
      events.sort((a, b) => a.from.localeCompare(b.from) || a.kind.localeCompare(b.kind));
      return { from: toInstant(fromMs), to: toInstant(toMs), events: events.slice(-MAX_EVENTS), cut: events.length > MAX_EVENTS };
    },
    facts(member) {
      const health = scraper.health(member.id);
      const { enabled } = health.pool;
      return {
        state: health.state,
        pool: enabled === null ? 'unknown' : enabled ? 'on' : 'off',
        leak: judge.of(member.id, clock.now(), nodeCount).leak.verdict,
        drift: deps.runs.activeRunOf(member.id) === null && hasDrift(health, known.get(member.id) ?? NOTHING_RECORDED) ? 'yes' : 'no',
        ...(health.version !== null && { version: health.version }),
      };
    },
  };
}

function join(parts: {
  member: FleetMember;
  health: NodeHealth;
  judged: Judged;
  recorded: Recorded;
  activeRunId: string | null;
}): FleetNode {
  const { member, health, judged, recorded } = parts;
  const sample = health.lastSample;
  const [openFds, fdLimit] = [sample?.openFds ?? null, sample?.fdLimit ?? null];
  const split = sample ? explainedOf(sample) : { explained: null, unexplained: null };
  return {
    id: member.id,
    name: member.name,
    labels: member.labels,
    state: health.state,
    stateReason: health.reason,
    openFds,
    fdLimit,
    headroom: openFds === null || fdLimit === null ? null : Math.max(0, fdLimit - openFds),
    explainedFds: split.explained,
    unexplainedFds: split.unexplained,
    connectionsActive: sample?.connectionsActive ?? null,
    acceptedPerSecond: judged.acceptedPerSecond,
    processStart: sample?.processStart == null ? null : toInstant(sample.processStart),
    leak: judged.leak,
    timeToEmfileSeconds: judged.timeToEmfileSeconds,
    pool: { enabled: health.pool.enabled, active: sample?.poolActive ?? null, idle: sample?.poolIdle ?? null },
    configSha256: health.configSha256,
    // what a run is changing right now is no surprise to anyone
    drift: parts.activeRunId === null && hasDrift(health, recorded),
    drill: health.drill,
    hostKey: recorded.hostKey,
    activeRunId: parts.activeRunId,
    lastSampleAt: sample ? toInstant(sample.at) : null,
    sparkline: judged.sparkline,
  };
}

/** The config is not what was last agreed. Unknown on either side is no drift. */
function hasDrift(health: NodeHealth, { agreedSha256 }: Recorded): boolean {
  return agreedSha256 !== null && health.configSha256 !== null && agreedSha256 !== health.configSha256;
}
