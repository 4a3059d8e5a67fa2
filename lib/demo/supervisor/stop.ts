import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeptProcess } from './keeper.ts';
import type { NodeProcesses } from './node-processes.ts';
import { signalAll, sweep } from './sweep.ts';

/** all of it has to be gone within 10 s of Ctrl-C: the three below in a row */
const STOP_MS = 5_000;
const POLITE_MS = 2_000;
/** a proxy that still drains then hears a second signal: nobody waits for tunnels that leaked */
const DRAIN_MS = 1_500;

type Running = { fleetId: string; watchdog: KeptProcess; helpers: KeptProcess[]; nodes: NodeProcesses[] };

/** Ends every process of the demo, the watchdog last: also those that are stopped, hang, or have lost their parent. */
export async function stopProcesses({ fleetId, watchdog, helpers, nodes }: Running): Promise<void> {
  for (const node of nodes) node.transients.stopAll();
  const proxies = nodes.map((node) => node.service.retire());
  const children = [...helpers.map((helper) => helper.retire()), ...proxies].filter(isAlive);
  const pids = pidsOf(children);
  signalAll(pids, 'SIGTERM');
  signalAll(pids, 'SIGCONT');
  const started = Date.now();
  let forced = false;
  while (children.some(isAlive) && Date.now() - started < STOP_MS) {
    await sleep(50);
    if (forced || Date.now() - started < DRAIN_MS) continue;
    forced = true;
    signalAll(pidsOf(proxies.filter(isAlive)), 'SIGTERM');
  }
  const dogPid = watchdog.pid();
  await sweep(fleetId, { politeMs: POLITE_MS, spare: dogPid === null ? [] : [dogPid] });
  const dog = watchdog.retire();
  if (isAlive(dog)) {
    const gone = new Promise((resolve) => dog.once('exit', resolve));
    dog.send('over', () => {});
    await Promise.race([gone, sleep(1_000)]);
  }
  await sweep(fleetId, { politeMs: 0 });
}

const isAlive = (child: ChildProcess | null): child is ChildProcess =>
  child !== null && child.exitCode === null && child.signalCode === null;
const pidsOf = (children: ChildProcess[]) => children.flatMap((child) => child.pid ?? []);
