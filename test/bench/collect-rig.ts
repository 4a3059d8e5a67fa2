import { fork } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { systemClock } from '#server/kernel/clock.ts';
import { createLog } from '#server/kernel/log.ts';
import { openMetricStore } from '#server/metrics/index.ts';
import { createScraper } from '#server/scrape/index.ts';
import type { Ssh } from '#server/ssh/index.ts';
import type { FleetMember } from '#shared/nodes.ts';

const never = () => new Promise<never>(() => undefined);

/** A collector as it runs in the console, without SSH probes; `scrapes` counts what was stored. */
export async function collector(
  dir: string,
  members: FleetMember[],
  intervalMs: number,
  ssh: Pick<Ssh, 'openTcp' | 'exec'> = { openTcp: never, exec: never },
) {
  const started = performance.now();
  const store = await openMetricStore({ file: path.join(dir, `scrape-${members.length}.db`) });
  const openedMs = performance.now() - started;
  let scrapes = 0;
  const scraper = createScraper({
    nodes: { list: async () => members, onChange: () => () => undefined },
    metrics: {
      ...store,
      append(id, sample) {
        scrapes++;
        store.append(id, sample);
      },
    },
    ssh,
    ops: { probe: () => Promise.reject(new Error('no probes here')) },
    events: { publish: () => undefined },
    clock: systemClock,
    log: createLog({ level: 'silent', pretty: false }),
    intervalMs,
  });
  scraper.start();
  return {
    openedMs,
    scrapes: () => scrapes,
    async stop() {
      await scraper.stop();
      await store.close();
    },
  };
}

export const memberAt = (i: number, metrics: FleetMember['metrics']): FleetMember => ({
  ...{ id: `n_${i}`, name: `node-${i}`, host: '127.0.0.1', sshPort: 22, user: 'sre', unit: 'sniproxy', configPath: '/c', labels: {} },
  ...{ version: 1, createdAt: new Date().toISOString(), metrics },
});

/** The pages of all nodes are served by a process of its own, so that this process' CPU is the console's alone. */
export async function pages(nodes: number): Promise<{ port: number; stop(): void }> {
  const child = fork(path.join(import.meta.dirname, 'collect-pages.ts'), [String(nodes)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const port = await new Promise<number>((resolve) => child.once('message', (message) => resolve(Number(message))));
  return { port, stop: () => void child.kill('SIGKILL') };
}
export const hostOf = (i: number, port: number) => `127.0.${1 + (i >> 8)}.${i & 255}:${port}`;

/** CPU seconds and memory of another process, from /proc. */
export function usageOf(pid: number): { cpuMs: number; rss: number } {
  const fields = fs
    .readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  const rss = /VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return { cpuMs: (Number(fields[11]) + Number(fields[12])) * 10, rss: Number(rss) * 1024 };
}

export const membersOf = (nodes: number, port: number) =>
  Array.from({ length: nodes }, (_, i) => memberAt(i, { via: 'http', url: `http://${hostOf(i, port)}/metrics` }));
