import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Processes that carry this demo's mark in their environment, whoever their parent is; not the one that asks, and no zombie. */
export function markedProcesses(fleetId: string): number[] {
  const mark = Buffer.from(`HEADROOM_DEMO_FLEET=${fleetId}\0`);
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => {
      try {
        return fs.readFileSync(`/proc/${pid}/environ`).includes(mark);
      } catch {
        return false; // ended meanwhile, or another user's
      }
    });
}

export function signalAll(pids: number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // ended meanwhile
    }
  }
}

/** Ends what carries the mark, but for `spare`: politely first, and for good after `politeMs`. Stopped processes are woken to hear it. */
export async function sweep(fleetId: string, options: { politeMs: number; spare?: number[] }): Promise<void> {
  const left = () => markedProcesses(fleetId).filter((pid) => !options.spare?.includes(pid));
  const deadline = Date.now() + options.politeMs;
  if (options.politeMs > 0) {
    const first = left();
    signalAll(first, 'SIGTERM');
    signalAll(first, 'SIGCONT');
    while (Date.now() < deadline && left().length > 0) await sleep(100);
  }
  for (let tries = 0; tries < 20 && left().length > 0; tries++) {
    signalAll(left(), 'SIGKILL');
    await sleep(50);
  }
}
