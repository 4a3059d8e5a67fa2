import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type Http, isProblemError } from '#client/http.ts';
import { changePreviewSchema } from '#shared/changes.ts';
import { type FleetFile, FleetFileError, type FleetPlan, parseFleetFile, planFleet } from '#shared/fleet-file.ts';
import { nodeInputSchema } from '#shared/nodes.ts';
import { hasEnded, type Run, runSchema } from '#shared/runs.ts';
import { isPassing } from './ask.ts';
import { askedOf } from './watch.ts';

export type ApplyOptions = {
  http: Http;
  /** of the console, without a slash at its end */
  url: string;
  /** shows what would be done, and does nothing */
  dryRun: boolean;
  /** does it without asking */
  yes: boolean;
  /** takes nodes out of the registry that are not in the file */
  prune: boolean;
  say: (line: string) => void;
  sleep: (ms: number) => Promise<void>;
};

const LOOK_EVERY_MS = 2000;
/** Looks in a row that a console may miss, as when it is started anew: two minutes. Its runs go on meanwhile. */
const MOST_AWAY = 60;
const membersSchema = z.object({ nodes: z.array(nodeInputSchema.extend({ id: z.string(), version: z.number(), createdAt: z.string() })) });

type PoolChange = { selector: string; settings: FleetFile['pool'][number]['settings']; names: string[]; problems: string[] };

/**
 * Makes the console's fleet what the file says: the registry node by node, then the pools by runs of `pool-settings`, with all that a run does (batches,
 * revert timers, verdicts). 0: as the file says now; 1: something is not; 2: the file cannot be applied. Throws what the console refuses.
 */
export async function applyFleet(text: string, options: ApplyOptions): Promise<0 | 1 | 2> {
  const { say, http } = options;
  try {
    const file = parseFleetFile(text);
    const plan = planFleet(file, (await http.get('nodes', membersSchema)).nodes);
    tellPlan(plan, options);
    const registered = hasWork(plan, options);
    if (registered && mayAct(options)) await changeRegistry(http, plan, options);
    const pools = await planPools(http, file);
    for (const change of pools) tellPool(change, say);
    const work = registered || pools.some((p) => p.names.length > 0);
    const problems = pools.some((p) => p.problems.length > 0);
    if (!work) {
      say(problems ? 'Not everything could be looked at.' : 'The fleet is as the file says.');
      return problems ? 1 : 0;
    }
    if (!mayAct(options)) {
      say(options.dryRun ? 'Dry run: nothing was done.' : 'Nothing was done. Add --yes to do it.');
      return 1;
    }
    return (await changePools(http, pools, file, options)) && !problems ? 0 : 1;
  } catch (error) {
    if (!(error instanceof FleetFileError)) throw error;
    say(`the file cannot be applied: ${error.message}`);
    return 2;
  }
}

const mayAct = ({ yes, dryRun }: ApplyOptions): boolean => yes && !dryRun;
const hasWork = (plan: FleetPlan, { prune }: ApplyOptions): boolean =>
  plan.add.length + plan.change.length + (prune ? plan.extra.length : 0) > 0;

function tellPlan({ add, change, extra, same }: FleetPlan, { say, prune }: ApplyOptions): void {
  for (const node of add) say(`+ ${node.name}  ${node.user}@${node.host}:${node.sshPort}`);
  for (const { node, fields } of change) say(`~ ${node.name}  ${fields.join(', ')}`);
  for (const member of extra)
    say(`${prune ? '-' : '?'} ${member.name}  ${prune ? 'is not in the file' : 'is not in the file; --prune takes it out'}`);
  say(`${add.length} to add, ${change.length} to change, ${prune ? extra.length : 0} to remove, ${same} as they should be`);
}

async function changeRegistry(http: Http, plan: FleetPlan, { say, prune }: ApplyOptions): Promise<void> {
  const added = z.object({ name: z.string() });
  for (const node of plan.add) {
    await http.post('nodes', added, { body: node, headers: { 'idempotency-key': randomUUID() } });
    say(`added ${node.name}; a person approves its host key before anything is sent to it`);
  }
  for (const { id, version, node } of plan.change) {
    await http.put(`nodes/${encodeURIComponent(id)}`, added, { body: node, headers: { 'if-match': `"${version}"` } });
    say(`changed ${node.name}`);
  }
  for (const { id, version, name } of prune ? plan.extra : []) {
    await http.delete(`nodes/${encodeURIComponent(id)}`, z.unknown(), { headers: { 'if-match': `"${version}"` } });
    say(`removed ${name}`);
  }
}

/** Only nodes whose file would really change: a run restarts every node that it is given. */
async function planPools(http: Http, file: FleetFile): Promise<PoolChange[]> {
  const changes: PoolChange[] = [];
  for (const { selector, settings } of file.pool) {
    const { nodes } = await http.post('changes/preview', changePreviewSchema, { body: { selector, pool: settings }, timeoutMs: 120_000 });
    const names = nodes.filter((n) => n.ok && n.changedBytes > 0).map((n) => n.name);
    const problems = nodes.filter((n) => !n.ok).map((n) => `${n.name}: ${n.problem ?? 'its config.yaml could not be read'}`);
    changes.push({ selector, settings, names, problems });
  }
  return changes;
}

function tellPool({ selector, settings, names, problems }: PoolChange, say: (line: string) => void): void {
  const words = Object.entries(settings).map(([key, value]) => `${key}: ${value}`);
  say(
    `pool of ${selector}: ${words.join(', ')}: ${names.length === 0 ? 'nothing to change' : `${names.length} to change (${names.join(', ')})`}`,
  );
  for (const problem of problems) say(`! ${problem}`);
}

async function changePools(http: Http, pools: readonly PoolChange[], file: FleetFile, options: ApplyOptions): Promise<boolean> {
  for (const { names, settings } of pools) {
    if (names.length === 0) continue;
    const body = { runbook: 'pool-settings', selector: `name=${names.join(',')}`, params: settings, strategy: file.strategy };
    const started = await http.post('runs', runSchema, { body, headers: { 'idempotency-key': randomUUID() } });
    options.say(`run ${started.id}: ${options.url}/runs/${started.id}`);
    const run = await follow(http, started, options);
    options.say(`run ${run.id}: ${run.status}, ${run.summary}`);
    if (run.status !== 'succeeded') return false;
  }
  return true;
}

/** Says each change once. A run that waits for a person is left to that person: the file cannot answer for them. */
async function follow(http: Http, started: Run, { say, sleep }: ApplyOptions): Promise<Run> {
  let run = started;
  let said = '';
  let asked: string | null = null;
  let away = 0;
  while (!hasEnded(run.status)) {
    if (run.summary !== said) say(`  ${run.summary}`);
    said = run.summary;
    const needs = askedOf(run);
    if (needs !== null && needs !== asked)
      say(`! ${needs}${run.status === 'waiting' ? ' (strategy: { gates: auto } in the file answers with the default)' : ''}`);
    asked = needs;
    await sleep(LOOK_EVERY_MS);
    try {
      run = await http.get(`runs/${encodeURIComponent(started.id)}`, runSchema);
      away = 0;
    } catch (error) {
      if (!isProblemError(error) || !isPassing(error) || ++away > MOST_AWAY) throw error;
    }
  }
  return run;
}
