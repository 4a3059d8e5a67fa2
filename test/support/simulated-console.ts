import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { KyselyPlugin } from 'kysely';
import { createAudit } from '#server/audit/index.ts';
import { createCommand } from '#server/command/index.ts';
import { type Db, openDatabase } from '#server/db/index.ts';
import { createEventHub } from '#server/events/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { createLog } from '#server/kernel/log.ts';
import { createNodes } from '#server/nodes/index.ts';
import { createRunbooks } from '#server/runbooks/index.ts';
import { createRuns, type Runs, releasesIn } from '#server/runs/index.ts';
import type { Actor } from '#shared/access.ts';
import { hasEnded, type Run, type RunInput } from '#shared/runs.ts';
import { simulatedClock } from './simulated-clock.ts';
import { type SimulatedNode, simulatedFleet, simulatedNode, simulatedOps } from './simulated-node.ts';

/** a tarball that may be pushed */
export const RELEASE = Buffer.from('a release');
const RELEASE_SHA = createHash('sha256').update(RELEASE).digest('hex');
export const OPERATOR: Actor = { kind: 'user', id: 'u_1', name: 'sre-oncall', role: 'admin' };

const never = <T>(): Promise<T> => new Promise(() => undefined);

export type SimulatedConsole = {
  runs: Runs;
  db: Db;
  start(input: Partial<RunInput> & { selector: string }): Promise<Run>;
  command: ReturnType<typeof createCommand>;
  /** as SIGKILL: nothing that it was doing goes on, its open transaction is rolled back */
  kill(): void;
  /** as SIGSTOP: time goes on without it */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
  agreed: Map<string, string>;
};

/** Nodes, a database file and time; consoles come and go on them. */
export function simulation(
  t: Pick<TestContext, 'after'>,
  specs: { name: string; leak: 'pool' | 'always' | 'none'; config?: string }[],
  { lateReads = false, keepBeforeRestart }: { lateReads?: boolean; keepBeforeRestart?: (nodeId: string) => Promise<string | null> } = {},
) {
  const dir = fs.mkdtempSync(path.join(fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir(), 'runs-'));
  const time = simulatedClock();
  const { clock } = time;
  const nodes = specs.map((spec) => simulatedNode({ clock, ...spec }));
  const fleet = simulatedFleet(clock, nodes);
  const living = new Set<SimulatedConsole>();
  let registered = false;
  const secrets = new Map<string, string>();
  t.after(async () => {
    for (const one of living) one.kill();
    fs.rmSync(dir, { recursive: true, force: true });
  });

  /** `point` is told of every moment at which the console could die; when it kills, it never returns. */
  async function openConsole(
    point: (name: string, die: () => Promise<never>) => Promise<void> = async () => undefined,
  ): Promise<SimulatedConsole> {
    const db = await openDatabase({ file: path.join(dir, 'headroom.db') });
    if (!registered) await register(db, nodes);
    registered = true;
    let alive = true;
    let frozen: { until: Promise<void>; thaw: () => void } | null = null;
    const mortal: Clock = { now: () => clock.now(), sleep: (ms, signal) => (alive ? untilDeath(clock.sleep(ms, signal)) : never()) };
    const untilDeath = async (sleep: Promise<void>): Promise<void> => {
      await sleep;
      if (frozen) await frozen.until;
      if (!alive) await never();
    };
    const die = (): Promise<never> => {
      self.kill();
      return never();
    };
    const events = createEventHub();
    events.subscribe(() => void point('published', die));
    const audit = createAudit({ db });
    const command = createCommand({ db, audit, events, clock: mortal });
    const agreed = new Map<string, string>();
    const runs = createRuns({
      releases: { read: async (sha256) => (sha256 === RELEASE_SHA ? RELEASE : releasesIn('/nonexistent').read(sha256)) },
      db: lateReads ? db.withPlugin(late()) : db,
      command,
      nodes: createNodes({ db }),
      runbooks: createRunbooks(),
      ops: simulatedOps(mortal, fleet, async (name) => {
        if (!alive) await never();
        await point(name, die);
        if (frozen) await frozen.until;
        if (!alive) await never();
      }),
      ...(keepBeforeRestart && { keepBeforeRestart }),
      configFiles: { agree: async (_db, nodeId, sha256) => void agreed.set(nodeId, sha256) },
      scraper: { focus: () => undefined, nudge: () => undefined },
      metrics: { recent: (nodeId, sinceMs) => fleet.of({ id: nodeId }).samples.filter((s) => s.at >= sinceMs) },
      sealed: {
        get: async (key) => secrets.get(key) ?? null,
        make: async (key, value) => secrets.set(key, secrets.get(key) ?? value).get(key) ?? value,
      },
      events,
      clock: mortal,
      log: createLog({ level: process.env.HEADROOM_TEST_LOG ?? 'silent', pretty: false }),
    });
    const self: SimulatedConsole = {
      runs,
      db,
      command,
      agreed,
      start: (input) => command(OPERATOR, runs.verbs.start, { runbook: 'fd-leak', ...input }),
      kill() {
        if (!alive) return;
        alive = false;
        living.delete(self);
        db.destroy().catch(() => undefined);
      },
      freeze() {
        const { promise, resolve } = Promise.withResolvers<void>();
        frozen = { until: promise, thaw: resolve };
      },
      thaw() {
        frozen?.thaw();
        frozen = null;
      },
      async stop() {
        await runs.stop();
        alive = false;
        living.delete(self);
        await db.destroy();
      },
    };
    living.add(self);
    await runs.start();
    return self;
  }

  return {
    time,
    nodes,
    openConsole,
    node: (name: string): SimulatedNode => {
      const found = nodes.find((n) => n.member.name === name);
      if (found === undefined) throw new Error(`no node ${name}`);
      return found;
    },
    /** Lets time pass until the run has ended, and gives it. */
    async ended(console: SimulatedConsole, id: string, maxMs = 3_600_000): Promise<Run> {
      let run: Run | null = null;
      await time.runUntil(async () => {
        run = await console.runs.get(id);
        return hasEnded(run.status);
      }, maxMs);
      if (run === null) throw new Error('unreachable');
      return run;
    },
    async until(console: SimulatedConsole, id: string, holds: (run: Run) => boolean, maxMs = 3_600_000): Promise<Run> {
      let run: Run | null = null;
      await time.runUntil(async () => {
        run = await console.runs.get(id);
        return holds(run);
      }, maxMs);
      if (run === null) throw new Error('unreachable');
      return run;
    },
  };
}

/** What a SELECT found arrives a while after it was true, as from a database that is asked by several. */
function late(): KyselyPlugin {
  const reads = new WeakSet<object>();
  let turn = 0;
  return {
    transformQuery({ node, queryId }) {
      if (node.kind === 'SelectQueryNode') reads.add(queryId);
      return node;
    },
    async transformResult({ result, queryId }) {
      turn += 1;
      if (reads.has(queryId)) for (let i = (turn * 7) % 24; i > 0; i--) await new Promise((resolve) => setImmediate(resolve));
      return result;
    },
  };
}

async function register(db: Db, nodes: readonly SimulatedNode[]): Promise<void> {
  for (const { member } of nodes) {
    const { metrics, labels, createdAt, ...columns } = member;
    const json = { metrics: JSON.stringify(metrics), labels: JSON.stringify(labels), createdAt: Date.parse(createdAt) };
    await db
      .insertInto('nodes')
      .values({ ...columns, ...json })
      .execute();
  }
}

export const stepOf = (run: Run, key: string, nodeName?: string): Run['targets'][number]['steps'][number] => {
  const target = nodeName === undefined ? run.targets[0] : run.targets.find((t) => t.name === nodeName);
  const step = target?.steps.find((s) => s.key === key);
  if (step === undefined) throw new Error(`the run has no step ${key}`);
  return step;
};
