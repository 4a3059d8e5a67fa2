import type { Db, Tx } from '#server/db/index.ts';
import { QUIET, type Standing } from '#server/detect/index.ts';
import { INCIDENT_RULES, RULE_KEYS, type RuleKey, type RuleNumbers } from '#shared/incident-rules.ts';
import type { Sample } from '#shared/metrics.ts';
import type { Fleet, FleetNode } from '#shared/nodes.ts';
import { runName } from '#shared/run-name.ts';
import { beginPass, endPass, endSignal, type Fired, fireSignal } from './keep.ts';
import type { Looks } from './looks.ts';
import { nodeView, whatWasSeen } from './node-view.ts';
import { provenFixes } from './proofs.ts';
import type { SignalRow } from './rows.ts';
import { type Evaluation, evaluate } from './rules/evaluate.ts';
import { stuckRuns } from './stuck-runs.ts';

/** `off`: not evaluated, and what it had fired ends. `shadow`: what it fires is kept, and makes no incident. */
export type RuleMode = 'on' | 'shadow' | 'off';
export type RuleStates = ReadonlyMap<RuleKey, { numbers: RuleNumbers; mode: RuleMode }>;
/** Who tells people of incidents hears of each change inside the transaction that makes it. */
export type Noted = (tx: Tx, incidentId: string) => Promise<void>;
/** `nodeId rule` → where it stands; what fires is also in the database. */
export type Standings = Map<string, Standing>;

export type JudgeDeps = {
  db: Db;
  scraper: { health(nodeId: string): { lastSample: Sample | null } };
  looks: Pick<Looks, 'of'>;
  standings: Standings;
  noted: Noted;
  tell(rows: readonly SignalRow[], change: 'fired' | 'cleared'): void;
};

export const ABOUT_FDS: ReadonlySet<string> = new Set(
  RULE_KEYS.filter((rule) => ['fd-leak', 'fd-pressure'].includes(INCIDENT_RULES[rule].cause)),
);

export const openSignals = (db: Db): Promise<SignalRow[]> => db.selectFrom('signals').selectAll().where('until', 'is', null).execute();

/** What a rule on trial fired is of use while its numbers are weighed; what an incident holds stays with it. */
const SHADOW_KEPT_MS = 90 * 86_400_000;
export async function pruneShadow(db: Db, now: number): Promise<void> {
  await db
    .deleteFrom('signals')
    .where('incidentId', 'is', null)
    .where('until', '<', now - SHADOW_KEPT_MS)
    .execute();
}

type Change = { key: string; node: FleetNode; rule: RuleKey; made: Evaluation; view: ReturnType<typeof nodeView> };

/** Every rule on every node. What changes is written in one transaction, and only then remembered and told. */
export async function judgeFleet(deps: JudgeDeps, rules: RuleStates, fleet: Fleet, now: number): Promise<void> {
  const { db, standings, tell } = deps;
  const open = await openSignals(db);
  const changes = await evaluateAll(deps, rules, fleet, now);
  const lost = lostSignals(open, rules, new Set(fleet.nodes.map(({ id }) => id)));
  if (changes.length === 0 && lost.length === 0) return;
  const openOf = new Map(open.map((row) => [`${row.nodeId} ${row.rule}`, row]));
  const done = await db.transaction().execute(async (tx) => {
    const pass = beginPass();
    const [fired, cleared]: [SignalRow[], SignalRow[]] = [[], []];
    const touched = new Set<string>();
    const end = async (row: SignalRow, why: string) => {
      const incidentId = await endSignal(tx, row, why, now, pass);
      cleared.push({ ...row, incidentId });
      if (incidentId !== null) touched.add(incidentId);
    };
    for (const change of changes) {
      if (change.made.change === 'fired') {
        const kept = await fireSignal(tx, firedBy(change, rules), now, pass);
        if (kept) fired.push(kept.signal);
        for (const id of kept?.touched ?? []) touched.add(id);
        continue;
      }
      const row = openOf.get(change.key);
      if (row) await end(row, 'cleared');
    }
    for (const { row, why } of lost) await end(row, why);
    await endPass(tx, pass, now);
    for (const id of touched) await deps.noted(tx, id);
    return { fired, cleared };
  });
  for (const { key, made } of changes) standings.set(key, made.standing);
  for (const { row } of lost) standings.delete(`${row.nodeId} ${row.rule}`);
  tell(done.fired, 'fired');
  tell(
    done.cleared.map((row) => ({ ...row, until: now })),
    'cleared',
  );
}

async function evaluateAll(deps: JudgeDeps, rules: RuleStates, fleet: Fleet, now: number): Promise<Change[]> {
  const { db, standings } = deps;
  const [stuck, bought] = await Promise.all([
    stuckRuns(db, now),
    db.selectFrom('boughtTime').select(['nodeId', 'expiresAt']).where('endedAt', 'is', null).where('limitBefore', '>', 0).execute(),
  ]);
  const leftOf = new Map(bought.map((b) => [b.nodeId, b.expiresAt === null ? null : (b.expiresAt - now) / 60_000]));
  const changes: Change[] = [];
  for (const node of fleet.nodes) {
    const view = nodeView(node, {
      ...{ now, sample: deps.scraper.health(node.id).lastSample, ...deps.looks.of(node.id) },
      ...{ stuckRun: stuck.get(node.id) ?? null, boughtMinutesLeft: leftOf.get(node.id) ?? null },
    });
    for (const [rule, { numbers, mode }] of rules) {
      if (mode === 'off') continue;
      const key = `${node.id} ${rule}`;
      const made = evaluate(rule, numbers, view, standings.get(key) ?? QUIET);
      if (made.change !== null) changes.push({ key, node, rule, made, view });
      else if (made.standing === QUIET) standings.delete(key);
      else standings.set(key, made.standing);
    }
  }
  return changes;
}

function firedBy({ rule, node, made, view }: Change, rules: RuleStates): Fired {
  const stateOnly = INCIDENT_RULES[rule].bad === 'state';
  return {
    ...{ rule, nodeId: node.id, nodeName: node.name, value: made.reading.value, words: made.reading.words },
    shadow: rules.get(rule)?.mode === 'shadow',
    threshold: stateOnly ? null : (rules.get(rule)?.numbers.threshold ?? null),
    evidence: whatWasSeen(node, view),
  };
}

/** Signals that nothing evaluates any more. */
function lostSignals(open: readonly SignalRow[], rules: RuleStates, nodes: ReadonlySet<string>): { row: SignalRow; why: string }[] {
  return open.flatMap((row) => {
    if (!nodes.has(row.nodeId)) return [{ row, why: 'the node was removed' }];
    const mode = rules.get(RULE_KEYS.find((one) => one === row.rule) ?? 'leaking')?.mode ?? 'off';
    if (mode === 'off') return [{ row, why: 'the rule was switched off' }];
    // fires anew, as part of an incident, if it is so
    return mode === 'on' && row.incidentId === null ? [{ row, why: 'the rule was promoted' }] : [];
  });
}

/** A run that proved the fix ends what the old process had fired about its fds. */
export async function endByRuns({ db, standings, tell, noted }: JudgeDeps, now: number): Promise<void> {
  const open = (await openSignals(db)).filter((row) => ABOUT_FDS.has(row.rule));
  const first = Math.min(...open.map((row) => row.since));
  const fixes = await provenFixes(db, [...new Set(open.map((row) => row.nodeId))], first);
  const ended = open.flatMap((row) => {
    const fix = fixes.findLast((f) => f.nodeId === row.nodeId && f.finishedAt >= row.since);
    return fix ? [{ row, why: `${runName(fix.runId)} proved the fix` }] : [];
  });
  if (ended.length === 0) return;
  const cleared = await db.transaction().execute(async (tx) => {
    const pass = beginPass();
    const rows: SignalRow[] = [];
    for (const { row, why } of ended) rows.push({ ...row, until: now, incidentId: await endSignal(tx, row, why, now, pass) });
    await endPass(tx, pass, now);
    for (const id of new Set(rows.map(({ incidentId }) => incidentId))) if (id !== null) await noted(tx, id);
    return rows;
  });
  for (const { row } of ended) standings.delete(`${row.nodeId} ${row.rule}`);
  tell(cleared, 'cleared');
}
