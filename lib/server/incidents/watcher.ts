import type { Db } from '#server/db/index.ts';
import type { EventHub } from '#server/events/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { INCIDENT_RULES, RULE_KEYS, type RuleKey, type RuleNumbers } from '#shared/incident-rules.ts';
import type { Signal } from '#shared/incidents.ts';
import type { Sample } from '#shared/metrics.ts';
import type { Fleet, FleetNode } from '#shared/nodes.ts';
import {
  ABOUT_FDS,
  endByRuns,
  judgeFleet,
  type Noted,
  openSignals,
  pruneShadow,
  type RuleMode,
  type RuleStates,
  type Standings,
} from './judge.ts';
import type { Looks } from './looks.ts';
import { type SignalRow, toSignal } from './rows.ts';
import { followBought, settleIncidents } from './settle.ts';

const PRUNE_MS = 3_600_000;

export type SignalListener = (signal: Signal, change: 'fired' | 'cleared') => void;
/** How the rules are to be evaluated; asked before each pass. */
export type RulesNow = () => Promise<readonly { rule: RuleKey; mode: RuleMode; numbers: RuleNumbers }[]>;

export type WatcherDeps = {
  db: Db;
  fleet: { view(): Promise<Fleet> };
  scraper: { health(nodeId: string): { lastSample: Sample | null } };
  looks: Looks;
  /** as they are built in, unless given */
  rules?: RulesNow | undefined;
  noted: Noted;
  events: Pick<EventHub, 'publish'>;
  clock: Clock;
  /** a listener threw */
  onError(error: unknown): void;
  /** nodes that fire something about fds: what a restart would destroy may have to be kept */
  onTrouble(nodes: readonly FleetNode[]): void;
};

const builtIn: RulesNow = async () => RULE_KEYS.map((rule) => ({ rule, mode: 'on', numbers: INCIDENT_RULES[rule].defaults }));

/** One pass over the fleet: rules, signals, incidents. All that it decides is in the database before anybody hears of it. */
export function createWatcher(deps: WatcherDeps) {
  const { db, clock, events } = deps;
  const listeners = new Set<SignalListener>();
  let standings: Standings | null = null;
  let prunedAt = Number.NEGATIVE_INFINITY;

  /** What fired before the console was started still does, until it is seen to be over. */
  async function load(): Promise<Standings> {
    const rows = await openSignals(db);
    return new Map(rows.map(({ nodeId, rule, since }) => [`${nodeId} ${rule}`, { firingSince: since, badSince: since, goodSince: null }]));
  }

  function tell(rows: readonly SignalRow[], change: 'fired' | 'cleared'): void {
    for (const row of rows) {
      events.publish({ type: 'signal.changed', signalId: row.id, rule: row.rule, nodeId: row.nodeId, firing: change === 'fired' });
      for (const listener of listeners) {
        try {
          listener(toSignal(row), change);
        } catch (error) {
          deps.onError(error);
        }
      }
    }
    for (const incidentId of new Set(rows.map((row) => row.incidentId))) if (incidentId !== null) changed(incidentId);
  }
  const changed = (incidentId: string) => events.publish({ type: 'incident.changed', incidentId });

  return {
    /** Told of each signal once it is kept. What a listener missed is in the table `signals`. */
    onSignal(listener: SignalListener): () => void {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    /** Another process evaluates from now on: what it remembers is not what this one does. */
    forget(): void {
      standings = null;
    },
    async tick(): Promise<void> {
      standings ??= await load();
      const rules: RuleStates = new Map((await (deps.rules ?? builtIn)()).map(({ rule, mode, numbers }) => [rule, { numbers, mode }]));
      const fleet = await deps.fleet.view();
      const now = clock.now();
      const byId = new Map(fleet.nodes.map((node) => [node.id, node]));
      const judging = { ...deps, standings, tell };
      await followBought({ ...deps, changed }, byId, now);
      await endByRuns(judging, now);
      await judgeFleet(judging, rules, fleet, now);
      await settleIncidents({ ...deps, changed }, byId, now);
      if (now - prunedAt >= PRUNE_MS) {
        await pruneShadow(db, now);
        prunedAt = now;
      }
      const open = await openSignals(db);
      deps.looks.tick(fleet.nodes, new Set(open.map((row) => row.nodeId)));
      const fds = new Set(open.filter((row) => ABOUT_FDS.has(row.rule)).map((row) => row.nodeId));
      deps.onTrouble(fleet.nodes.filter((node) => fds.has(node.id)));
    },
  };
}
