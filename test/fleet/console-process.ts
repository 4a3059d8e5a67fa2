// A whole console but for its pages, as a process of its own that a test can kill: `console-process.ts DATA_DIR`, asked over Node's IPC channel.
import { offerOf, roomOf } from '#server/incidents/buy-time.ts';
import { readConfig } from '#server/kernel/config.ts';
import { createLog } from '#server/kernel/log.ts';
import { addNode } from '#server/nodes/index.ts';
import { createRuntime } from '#server/runtime.ts';
import { pinHostKey } from '#server/ssh/index.ts';
import type { Actor } from '#shared/access.ts';
import type { NodeInput } from '#shared/nodes.ts';
import { hasEnded, type RunInput } from '#shared/runs.ts';

const OPERATOR: Actor = { kind: 'user', id: 'u_1', name: 'sre-oncall', role: 'admin' };

const [dataDir = ''] = process.argv.slice(2);
const config = readConfig({
  HEADROOM_DATA_DIR: dataDir,
  HEADROOM_SCRAPE_SECONDS: '2',
  HEADROOM_LOG_LEVEL: process.env.HEADROOM_TEST_LOG ?? 'silent',
});
const runtime = await createRuntime({ config, log: createLog({ level: config.logLevel, pretty: false }) });
const { command, runs, nodes, ops } = runtime;

/** `dieAt`: as by kill -9, as soon as a step of that key is stored as running. `pauseAt`: paused then, so that it stands still after that step. */
export type Moment = { dieAt?: string; pauseAt?: string };

/** Once, as soon as a step of that key is stored as running. */
function onceIn(runId: string, step: string, act: () => void): void {
  let acted = false;
  runtime.events.subscribe((_id, event) => {
    if (event.type !== 'run.changed' || event.runId !== runId || acted) return;
    void runs.get(runId).then((run) => {
      if (acted) return;
      acted = run.targets.some((target) => target.steps.some((s) => s.key === step && s.status !== 'pending'));
      if (acted) act();
      else if (hasEnded(run.status)) throw new Error(`the run ended before ${step}: ${run.summary}`);
    });
  });
}

const calls = {
  publicKey: async () => (await runtime.settings.sshIdentity()).publicKey,
  addNode: async (input: NodeInput, fingerprint: string) => {
    const { id } = await command(OPERATOR, addNode, input);
    await command(OPERATOR, pinHostKey, { id, fingerprint });
    return id;
  },
  startRun: async (input: RunInput, { dieAt, pauseAt }: Moment) => {
    const { id } = await command(OPERATOR, runs.verbs.start, input);
    if (dieAt !== undefined) onceIn(id, dieAt, () => process.kill(process.pid, 'SIGKILL'));
    if (pauseAt !== undefined) onceIn(id, pauseAt, () => void command(OPERATOR, runs.verbs.pauseRun, { id }));
    return id;
  },
  repin: async (id: string, fingerprint: string, reason: string) => void (await command(OPERATOR, pinHostKey, { id, fingerprint, reason })),
  resume: async (id: string) => void (await command(OPERATOR, runs.verbs.resumeRun, { id })),
  abort: async (id: string) => void (await command(OPERATOR, runs.verbs.abortRun, { id })),
  skip: async (id: string, nodeId: string, step: string, reason: string) =>
    void (await command(OPERATOR, runs.verbs.skipInRun, { id, nodeId, step, reason })),
  run: (id: string) => runs.get(id),
  node: async (id: string) => (await runtime.fleet.node(id)).node,
  selfTest: async (id: string) => ops.selfTest(await nodes.get(id)),
  probe: async (id: string) => (await ops.probe(await nodes.get(id))).value,
  offer: async (id: string, limit: number) => offerOf((await runtime.fleet.node(id)).node, await roomOf(ops, await nodes.get(id)), limit),
  sample: async (id: string) => runtime.metrics.recent(id, 0).at(-1) ?? null,
};
export type Calls = typeof calls;
type Request = { nth: number; name: keyof Calls; args: unknown[] };

process.on('message', ({ nth, name, args }: Request) => {
  const call = calls[name] as (...args: unknown[]) => Promise<unknown>;
  call(...args).then(
    (value) => process.send?.({ nth, value }),
    (error) => process.send?.({ nth, error: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => process.exit());
await runtime.start();
process.send?.({ nth: 0, value: null });
