import fs from 'node:fs';
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasEnded, type Run } from '#shared/runs.ts';
import { provisionedDir } from '#test/support/console-process.ts';
import { fakeNode } from '#test/support/fake-node.ts';
import { freePort } from '#test/support/free-port.ts';
import { until } from '#test/support/until.ts';
import { checkAll } from './check.ts';
import { type Chaotic, launch } from './process.ts';
import { seeded } from './random.ts';
import { assertRestarts, type CleanUp, registerNodes } from './real-nodes.ts';
import { change, newLedger } from './work.ts';

/** Clients that change things at once. */
const CLIENTS = 4;
const RUNS_END_WITHIN_MS = 180_000;

export type Killed = {
  kills: number;
  /** while it was starting */
  early: number;
  acknowledged: number;
  unanswered: number;
  runs: number;
  restarts: number;
  auditRows: number;
  /** from the start of a process until it answers, ms, median */
  backAfterMs: number;
  seconds: number;
};

/**
 * Kills a console with SIGKILL `kills` times, at instants by `seed`, while clients change its fleet, tokens, rules and runbooks and runs restart two nodes
 * behind real sshd. After each start everything that was acknowledged must be there. Throws with the nth kill and what was lost.
 */
export async function killAgainAndAgain(t: CleanUp, o: { kills: number; seed: number; say?: (line: string) => void }): Promise<Killed> {
  const [random, ledger, startedAt] = [seeded(o.seed), newLedger(), performance.now()];
  const dataDir = provisionedDir(t, fs.existsSync('/var/tmp') ? '/var/tmp' : os.tmpdir());
  const port = await freePort();
  const nodes = [fakeNode(t, { id: 'n_1' }), fakeNode(t, { id: 'n_2' })];
  const state = { early: 0, auditRows: 0 };
  const backAfter: number[] = [];
  let console: Chaotic | null = null;
  t.after(() => void console?.child.kill('SIGKILL'));

  const start = async (): Promise<Chaotic> => {
    const begun = performance.now();
    console = launch({ dataDir, port });
    await console.listening;
    backAfter.push(performance.now() - begun);
    return console;
  };
  let live = await start();
  await registerNodes(t, live, nodes);
  for (let kill = 1; kill <= o.kills; kill++) {
    try {
      for (const open of ledger.pending.splice(0)) await open.again();
      state.auditRows = (await checkAll(live, ledger)).auditRows;
      await workUntilKilled(live, { random, ledger, runSelectors: ['name=real-1', 'name=real-2'], ms: random.between(5, 1200) });
      // one in eight dies again while it starts
      if (random.between(1, 8) === 1) {
        const dying: Chaotic = launch({ dataDir, port });
        await sleep(random.between(20, 900));
        dying.child.kill('SIGKILL');
        await dying.ended;
        state.early += 1;
      }
      live = await start();
    } catch (error) {
      throw new Error(`kill ${kill} of ${o.kills}, seed ${o.seed}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
    if (kill % 20 === 0)
      o.say?.(`${kill} kills, ${ledger.acknowledged} changes acknowledged, ${ledger.unanswered} unanswered, ${ledger.runs.size} runs`);
  }
  for (const open of ledger.pending.splice(0)) await open.again();
  state.auditRows = (await checkAll(live, ledger)).auditRows;
  const runs = await endOfRuns(live, [...ledger.runs]);
  const restarts = nodes.map((node) => node.jobs().filter((job) => job === 'restart').length);
  assertRestarts(runs, nodes, restarts);
  live.child.kill('SIGTERM');
  await live.ended;
  return {
    ...{ kills: o.kills + state.early, ...state, acknowledged: ledger.acknowledged, unanswered: ledger.unanswered, runs: runs.length },
    restarts: restarts.reduce((sum, n) => sum + n, 0),
    backAfterMs: Math.round(backAfter.sort((a, b) => a - b)[Math.floor(backAfter.length / 2)] ?? 0),
    seconds: Math.round((performance.now() - startedAt) / 1000),
  };
}

/** Clients change things until the console is killed, at that instant. */
async function workUntilKilled(console: Chaotic, o: Omit<Parameters<typeof change>[0], 'console'> & { ms: number }): Promise<void> {
  let dead = false;
  const client = async () => {
    while (!dead) await change({ console, ledger: o.ledger, random: o.random, runSelectors: o.runSelectors });
  };
  const clients = Array.from({ length: CLIENTS }, client);
  await Promise.race([sleep(o.ms), Promise.all(clients)]);
  dead = true;
  console.child.kill('SIGKILL');
  await console.ended;
  await Promise.all(clients);
}

/** Every run comes to its end, and holds nothing afterwards. */
async function endOfRuns(console: Chaotic, ids: readonly string[]): Promise<Run[]> {
  const runs: Run[] = [];
  for (const id of ids) {
    const run = await until(
      `the end of run ${id}`,
      async () => {
        const { json } = await console.ask('GET', `runs/${id}`);
        const seen = json as Run;
        if (!hasEnded(seen.status)) throw new Error(`${seen.status}: ${seen.summary}`);
        return seen;
      },
      { timeoutMs: RUNS_END_WITHIN_MS, everyMs: 200 },
    );
    runs.push(run);
  }
  return runs;
}
