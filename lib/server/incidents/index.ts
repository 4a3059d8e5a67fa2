import type { Command } from '#server/command/index.ts';
import type { Db } from '#server/db/index.ts';
import type { EventHub } from '#server/events/index.ts';
import type { Fleet } from '#server/fleet/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import type { Log } from '#server/kernel/log.ts';
import type { Scraper } from '#server/scrape/index.ts';
import type { NodeOps } from '#server/ssh/index.ts';
import type { Actor } from '#shared/access.ts';
import { incidentName } from '#shared/incident-rules.ts';
import type { BuyOffer, CaptureHead, Incident, IncidentQuery, Signal } from '#shared/incidents.ts';
import type { FleetMember, FleetNode } from '#shared/nodes.ts';
import { expectBoughtVerb } from './bought-time.ts';
import { offerOf, roomOf } from './buy-time.ts';
import { createCaptures } from './captures.ts';
import { configChangesOf } from './changes.ts';
import { incidentChart } from './chart.ts';
import { courseOf, impactOf } from './impact.ts';
import type { Noted } from './judge.ts';
import { createLooks } from './looks.ts';
import { writeIncidentPostmortem } from './postmortem.ts';
import { byUrgency, listIncidents, readIncident, runOutcomes, touchingNode } from './reads.ts';
import { nodeIdsOf, notFound, toSignal } from './rows.ts';
import { openIncidentOf } from './settle.ts';
import { BEFORE_MS } from './timeline.ts';
import { createVerbs } from './verbs.ts';
import { createWatcher, type RulesNow } from './watcher.ts';

export { type Evaluation, evaluate } from './rules/evaluate.ts';
export { type NodeView, viewOfSamples } from './rules/view.ts';
export type { RulesNow } from './watcher.ts';
export type Incidents = ReturnType<typeof createIncidents>;

const TICK_MS = 5000;
/** A node that reaches its limit sooner than this is captured by itself, once in the life of a process. */
const CAPTURE_WITHIN_SECONDS = 2 * 3600;
/** Between two captures that nobody asked for. */
const CAPTURE_EVERY_MS = 20_000;
const MOST_OFFERS = 20;
const MOST_PICTURES = 10;
const CONSOLE: Actor = { kind: 'system', id: 'system', name: 'the console', role: 'admin' };

export type IncidentsDeps = {
  db: Db;
  command: Command;
  nodes: { get(id: string): Promise<FleetMember> };
  fleet: Fleet;
  scraper: Pick<Scraper, 'health' | 'recent'>;
  ops: Pick<NodeOps, 'probe' | 'xray' | 'readConfig' | 'journal' | 'isPrepared'>;
  events: EventHub;
  /** as they are built in, unless given */
  rules?: RulesNow;
  /** who tells people hears of each change inside the transaction that makes it */
  noted?: Noted;
  /** of several processes one evaluates rules; unless given, this one */
  leads?: () => boolean;
  /** of the console, for permalinks */
  url: string;
  clock: Clock;
  log: Log;
};

/** Signals, incidents, what is kept as evidence and the time that is bought. Its state is in the database: a crash loses and doubles nothing. */
export function createIncidents(deps: IncidentsDeps) {
  const { db, command, fleet, clock, log, events, ops } = deps;
  const member = (id: string) => deps.nodes.get(id);
  const stopping = new AbortController();
  const looks = createLooks({ ops, member, clock, signal: stopping.signal });
  const captures = createCaptures({ db, ops, member, node: fleet.node, recent: deps.scraper.recent, clock });
  const failed = (words: string) => (error: unknown) => {
    if (!stopping.signal.aborted) log.error({ err: error }, words);
  };
  const noted: Noted = deps.noted ?? (async () => undefined);
  let capturedAt = Number.NEGATIVE_INFINITY;
  let capturing = false;

  const keeping = new Map<string, Promise<CaptureHead | null>>();

  /** Null when this process was captured before. Who asks while it is being done gets the same one. */
  function captureByItself(node: FleetNode, why: string): Promise<CaptureHead | null> {
    const start = node.processStart === null ? null : Date.parse(node.processStart);
    const keep = async () => {
      if (await captures.has(node.id, start)) return null;
      capturedAt = clock.now();
      const verb = await captures.take(node.id);
      return command(CONSOLE, verb, { nodeId: node.id, incidentId: await openIncidentOf(db, node.id), why });
    };
    const kept = keeping.get(node.id) ?? keep().finally(() => keeping.delete(node.id));
    keeping.set(node.id, kept);
    return kept;
  }

  const endsSoon = (n: FleetNode) => (n.timeToEmfileSeconds?.low ?? Number.POSITIVE_INFINITY) < CAPTURE_WITHIN_SECONDS;

  /** One at a time: of those that end soon, and of those that a run is about to restart. */
  function keepWhatMayBeLost(nodes: readonly FleetNode[]): void {
    if (capturing) return;
    // a run's new process holds nothing yet that would be worth it
    const atRisk = (n: FleetNode) => n.activeRunId !== null && n.leak.verdict === 'leaking';
    const pressing = byUrgency(nodes).filter((n) => atRisk(n) || endsSoon(n));
    if (pressing.length === 0 || clock.now() - capturedAt < CAPTURE_EVERY_MS) return;
    capturing = true;
    const all = async () => {
      for (const node of [...pressing].sort((a, b) => Number(atRisk(b)) - Number(atRisk(a))))
        await captureByItself(node, atRisk(node) ? 'the console, before a run' : 'rule time-to-emfile').catch(
          failed('evidence could not be kept'),
        );
    };
    void all().finally(() => {
      capturing = false;
    });
  }

  const watcher = createWatcher({
    ...{ db, fleet, looks, events, clock, scraper: deps.scraper, rules: deps.rules, noted },
    onError: failed('a listener of the signals failed'),
    onTrouble: keepWhatMayBeLost,
  });
  let loop: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      if (deps.leads?.() ?? true) await watcher.tick().catch(failed('the rules could not be evaluated'));
      else watcher.forget();
      await clock.sleep(TICK_MS, stopping.signal).catch(() => undefined);
    }
  }

  const reading = { db, fleet, scraper: deps.scraper, clock, events: fleet.events, hasNothingToBuy: looks.hasNothingToBuy };
  const get = (id: string): Promise<Incident> => readIncident(reading, id);

  async function courses(incident: Incident) {
    const [from, to] = [
      Date.parse(incident.openedAt) - BEFORE_MS,
      incident.closedAt === null ? clock.now() : Date.parse(incident.closedAt),
    ];
    const asked = { from, to, series: ['openFds' as const, 'fdLimit' as const, 'refusedPerSecond' as const, 'connectionsActive' as const] };
    const read = incident.nodes.map(async ({ nodeId }) => {
      const history = await fleet.history(nodeId, asked).catch(() => null);
      return history === null ? [] : [[nodeId, courseOf(history)] as const];
    });
    return new Map((await Promise.all(read)).flat());
  }

  return {
    verbs: { ...createVerbs(noted), expectBought: expectBoughtVerb },
    captures,
    /**
     * A run is about to restart the node: what its process holds is kept first, where it leaks or ends soon. What was kept, in words; null where nothing
     * is at stake. Throws what the reading throws, ssh.command-failed when nothing of the node could be read.
     */
    async keepBeforeRestart(nodeId: string): Promise<string | null> {
      const { node } = await fleet.node(nodeId);
      if (node.leak.verdict !== 'leaking' && !endsSoon(node)) return null;
      const head = await captureByItself(node, 'the console, before a restart');
      if (head === null) return `what the process of ${node.name} holds was kept before`;
      const missing = head.parts.filter((part) => part.missing !== null).map((part) => part.name);
      return `${head.parts.length - missing.length} of ${head.parts.length} parts of what the process of ${node.name} holds are kept as ${head.id}${
        missing.length > 0 ? `; not read: ${missing.join(', ')}` : ''
      }`;
    },
    onSignal: watcher.onSignal,
    /** one pass now; the loop does it every 5 s */
    tick: () => watcher.tick(),
    start(): void {
      loop = run();
    },
    async stop(): Promise<void> {
      stopping.abort();
      await loop;
      await looks.settled();
    },
    /** `sees`: whether who asks may see one of these nodes */
    list: (query: IncidentQuery, sees: (nodeIds: readonly string[]) => boolean = () => true) => listIncidents(db, query, sees),
    get,
    /** throws incident.not-found */
    async nodesOf(id: string): Promise<string[]> {
      const ids = await nodeIdsOf(db, id);
      if (ids.length === 0) throw notFound(id);
      return ids;
    },
    touching: (nodeId: string, fromMs: number, toMs: number) => touchingNode(db, nodeId, fromMs, toMs),
    /** those that fire now */
    async firing(): Promise<Signal[]> {
      return (await db.selectFrom('signals').selectAll().where('until', 'is', null).orderBy('since').execute()).map(toSignal);
    },
    /** What a higher limit would buy each node; asks the nodes. `sees`: the others are not asked. */
    async offers(id: string, limit: number, sees: (nodeId: string) => boolean = () => true): Promise<BuyOffer[]> {
      const ids = new Set((await nodeIdsOf(db, id)).filter(sees));
      const nodes = byUrgency((await fleet.view()).nodes.filter((node) => ids.has(node.id))).slice(0, MOST_OFFERS);
      return Promise.all(nodes.map(async (node) => offerOf(node, await roomOf(ops, await member(node.id)), limit)));
    },
    /** Markdown, with its pictures inside; with `files` they are beside it. */
    async postmortem(id: string, how: 'inside' | 'files'): Promise<{ name: string; files: Record<string, string> }> {
      const incident = await get(id);
      const courseOfNode = await courses(incident);
      const opened = Date.parse(incident.openedAt);
      const closedAt = incident.closedAt === null ? null : Date.parse(incident.closedAt);
      const files: Record<string, string> = {};
      const charts = new Map<string, string>();
      for (const { nodeId, name } of incident.nodes.slice(0, MOST_PICTURES)) {
        const svg = incidentChart({
          name,
          course: courseOfNode.get(nodeId) ?? [],
          marks: marksOf(incident, nodeId),
          openedAt: opened,
          closedAt,
        });
        if (svg === null) continue;
        const file = `charts/${charts.size + 1}.svg`;
        if (how === 'files') files[file] = svg;
        charts.set(nodeId, how === 'files' ? file : `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`);
      }
      const nodeIds = incident.nodes.map(({ nodeId }) => nodeId);
      const runs = await runOutcomes(db, nodeIds, { fromMs: opened - BEFORE_MS, toMs: closedAt ?? clock.now() });
      const impacts = new Map([...courseOfNode].map(([nodeId, course]) => [nodeId, impactOf(course, opened)]));
      const changes = await configChangesOf(db, runs);
      files['postmortem.md'] = writeIncidentPostmortem({ incident, impacts, charts, runs, changes, url: deps.url, now: clock.now() });
      return { name: incidentName(incident.number), files };
    },
  };
}

/** What was done to the node, and what happened to it, as a chart's upright lines. */
function marksOf({ timeline }: Incident, nodeId: string) {
  return timeline
    .filter((e) => e.nodeId === nodeId && ['run', 'restart', 'config', 'capture', 'bought-time'].includes(e.kind))
    .map((e) => ({
      at: Date.parse(e.at),
      label: e.text.length > 34 ? `${e.text.slice(0, 33)}…` : e.text,
      tone: e.tone === 'danger' || e.tone === 'ok' ? e.tone : ('neutral' as const),
    }));
}
