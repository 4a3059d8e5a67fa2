import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
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
import { change, type Ledger, newLedger } from './work.ts';

/** What was tried, and what was kept, in words for the table. */
export type Withstood = { tried: string; kept: string };

async function start(t: CleanUp, o: Omit<Parameters<typeof launch>[0], 'port'>): Promise<Chaotic> {
  const console = launch({ ...o, port: await freePort() });
  t.after(async () => {
    console.child.kill('SIGKILL');
    await console.ended;
  });
  await console.listening;
  return console;
}

const work = async (console: Chaotic, ledger: Ledger, changes: number, seed = 1): Promise<void> => {
  const random = seeded(seed);
  for (let i = 0; i < changes; i++) await change({ console, ledger, random, runSelectors: ['name=none'] });
};

const addNode = (console: Chaotic, name: string) =>
  console.ask('POST', 'nodes', { body: { name, host: '127.0.0.1', sshPort: 1, user: 'sre', metrics: { via: 'none' } } });
const codeOf = ({ json }: { json: unknown }): unknown => (typeof json === 'object' && json !== null && 'code' in json ? json.code : null);
const namesOf = async (console: Chaotic): Promise<string[]> => {
  const { json } = (await console.ask('GET', 'nodes')) as { json: { nodes: { name: string }[] } };
  return json.nodes.map(({ name }) => name);
};

/** A file system of its own size; null where mounting is not allowed. */
function smallDisk(t: CleanUp, size: string): string | null {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'chaos-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', dir], { stdio: 'ignore' }).status === 0;
  t.after(() => {
    if (mounted) spawnSync('umount', ['-l', dir], { stdio: 'ignore' });
    fs.rmSync(dir, { recursive: true, force: true });
  });
  return mounted ? dir : null;
}

/** null: this machine lets nobody mount. */
export async function fullDisk(t: CleanUp): Promise<Withstood | null> {
  const disk = smallDisk(t, '24m');
  if (disk === null) return null;
  const dataDir = provisionedDir(t, disk);
  const [console, ledger] = [await start(t, { dataDir }), newLedger()];
  await work(console, ledger, 30);
  const ballast = path.join(disk, 'ballast');
  const fill = () => {
    const handle = fs.openSync(ballast, 'a');
    try {
      for (const block of [1 << 20, 1 << 12, 1]) for (;;) fs.writeSync(handle, Buffer.alloc(block));
    } catch {
      // full
    } finally {
      fs.closeSync(handle);
    }
  };
  let [taken, refused] = [0, 0];
  const codes = new Set<unknown>();
  for (let i = 0; i < 60 && refused < 10; i++) {
    fill();
    const answer = await addNode(console, `full-${i}`);
    if (answer.status < 300) taken += 1;
    else {
      refused += 1;
      codes.add(codeOf(answer));
    }
  }
  assert.ok(refused >= 10, `the disk was full, and ${taken} writes were taken`);
  assert.deepEqual([...codes], ['server.storage-full'], console.output().slice(0, 3000));
  const during = await namesOf(console);
  assert.equal(during.filter((name) => name.startsWith('full-')).length, taken, 'what was refused is there, or what was taken is not');
  fs.rmSync(ballast);
  assert.equal((await addNode(console, 'room-again')).status, 201);
  console.child.kill('SIGKILL');
  await console.ended;
  const second = await start(t, { dataDir });
  ledger.acknowledged += taken + 1;
  await checkAll(second, ledger);
  assert.deepEqual((await namesOf(second)).filter((name) => /^(full|room)-/.test(name)).length, taken + 1);
  const kept = `reads are answered; ${refused} writes were refused with \`server.storage-full\`, none half done; with room again writes go on; ${ledger.acknowledged} acknowledged, none lost`;
  return { tried: 'the disk is full while clients write, then it is not, then SIGKILL', kept };
}

export async function databaseHeld(t: CleanUp, seconds: number): Promise<Withstood> {
  const dataDir = provisionedDir(t);
  const [console, ledger] = [await start(t, { dataDir }), newLedger()];
  await work(console, ledger, 20);
  const other = new DatabaseSync(path.join(dataDir, 'headroom.db'));
  other.exec('PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE');
  const until = performance.now() + seconds * 1000;
  let [taken, refused] = [0, 0];
  while (performance.now() < until) {
    const answer = await addNode(console, `held-${taken + refused}`);
    if (answer.status < 300) taken += 1;
    else {
      refused += 1;
      assert.equal(codeOf(answer), 'server.storage-away', JSON.stringify(answer.json));
    }
    assert.equal((await console.ask('GET', 'nodes')).status, 200, 'reads are answered');
  }
  assert.deepEqual([taken, refused > 0], [0, true]);
  other.exec('ROLLBACK');
  other.close();
  assert.equal((await addNode(console, 'free-again')).status, 201);
  ledger.acknowledged += 1;
  await checkAll(console, ledger);
  assert.ok(!(await namesOf(console)).some((name) => name.startsWith('held-')), 'a write that was refused is there');
  const kept = `reads are answered, ${refused} writes were refused with \`server.storage-away\` at once, none half done; afterwards writes go on without a restart`;
  return { tried: `another process holds the SQLite file for ${seconds} s`, kept };
}

export const HOUR = 3600;
export const DAY = 24 * HOUR;

/** null: libfaketime is not here. */
export async function clockJumps(t: CleanUp, offsets: readonly number[] = [HOUR, 0, -HOUR, 0, DAY, 0, -DAY, 0]): Promise<Withstood | null> {
  const library = fakeTimeLibrary();
  if (library === null) return null;
  const dataDir = provisionedDir(t);
  const offset = path.join(dataDir, 'clock');
  fs.writeFileSync(offset, '+0s\n');
  const env = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: offset,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    FAKETIME_DONT_RESET: '1',
  };
  const [console, ledger, nodes] = [
    await start(t, { dataDir, env }),
    newLedger(),
    [fakeNode(t, { id: 'n_1' }), fakeNode(t, { id: 'n_2' })],
  ];
  await registerNodes(t, console, nodes);
  const jump = async (by: number): Promise<void> => {
    fs.writeFileSync(`${offset}.next`, `${by < 0 ? '' : '+'}${by}s\n`);
    fs.renameSync(`${offset}.next`, offset);
    await work(console, ledger, 8, by);
    await checkAll(console, ledger);
  };
  const runs: string[] = [];
  for (const by of offsets) {
    runs.push(await startRun(console));
    await jump(by);
  }
  const ended = await Promise.all(runs.map((id) => endOf(console, id)));
  const restarts = nodes.map((node) => node.jobs().filter((job) => job === 'restart').length);
  assertRestarts(ended, nodes, restarts);
  const answered = ended.map(({ status }) => status);
  assert.ok(
    answered.every((status) => ['succeeded', 'failed', 'aborted', 'rolled-back'].includes(status)),
    answered.join(),
  );
  const kept = `${ledger.acknowledged} changes acknowledged, none lost; ${runs.length} runs came to their end (${tally(answered)}), ${restarts.reduce((a, b) => a + b, 0)} restarts, none twice for one run`;
  return { tried: `the clock jumps to ${offsets.map(inHours).join(', ')} of the true time, in the middle of runs (libfaketime)`, kept };
}

const inHours = (seconds: number): string => `${seconds < 0 ? '−' : '+'}${Math.abs(seconds) / HOUR} h`;

const tally = (words: readonly string[]): string =>
  [...new Set(words)].map((word) => `${words.filter((w) => w === word).length} ${word}`).join(', ');

/** A run on both real nodes; refused while another one is on them. */
async function startRun(console: Chaotic): Promise<string> {
  const strategy = { gates: 'auto', onFail: 'abort', onInconclusive: 'continue', batches: ['100%'] };
  return until(
    'a run is started',
    async () => {
      const { status, json } = await console.ask('POST', 'runs', {
        body: { runbook: 'rolling-restart', selector: 'group=real', strategy },
      });
      if (status !== 201) throw new Error(JSON.stringify(json));
      return (json as { id: string }).id;
    },
    { timeoutMs: 90_000, everyMs: 200 },
  );
}

const endOf = (console: Chaotic, id: string): Promise<Run> =>
  until(
    `the end of run ${id}`,
    async () => {
      const run = (await console.ask('GET', `runs/${id}`)).json as Run;
      if (!hasEnded(run.status)) throw new Error(`${run.status}: ${run.summary}`);
      return run;
    },
    { timeoutMs: 120_000, everyMs: 200 },
  );

function fakeTimeLibrary(): string | null {
  const folders = fs.existsSync('/usr/lib') ? fs.readdirSync('/usr/lib').map((name) => path.join('/usr/lib', name, 'faketime')) : [];
  return folders.map((folder) => path.join(folder, 'libfaketime.so.1')).find((file) => fs.existsSync(file)) ?? null;
}

/** Nodes whose metrics pages come and go, by chance, several times a minute. */
export async function flapping(t: CleanUp, o: { nodes: number; seconds: number }): Promise<Withstood> {
  const random = seeded(7);
  let flaps = true;
  const down = new Set<number>();
  const server = http.createServer((request, response) => {
    const nth = Number(/\/(\d+)\//.exec(request.url ?? '')?.[1] ?? 0);
    if (flaps && down.has(nth)) return void (random.between(0, 1) === 0 ? request.socket.destroy() : response.writeHead(503).end());
    response.end(`process_open_fds ${100 + nth}\nprocess_max_fds 1024\nprocess_start_time_seconds 1700000000\n`);
  });
  const flap = setInterval(() => {
    for (let i = 0; i < o.nodes / 10; i++) {
      const nth = random.between(0, o.nodes - 1);
      if (!down.delete(nth)) down.add(nth);
    }
  }, 500);
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    }),
  );
  t.after(() => {
    clearInterval(flap);
    server.closeAllConnections();
    server.close();
  });
  const dataDir = provisionedDir(t);
  const console = await start(t, { dataDir, env: { HEADROOM_SCRAPE_SECONDS: o.nodes > 300 ? '5' : '1' } });
  const { pid = 0 } = console.child;
  for (let i = 0; i < o.nodes; i++) {
    const metrics = { via: 'http', url: `http://127.0.0.1:${port}/${i}/metrics` };
    const body = { name: `flap-${i}`, host: '127.0.0.1', sshPort: 1, user: 'sre', metrics };
    assert.equal((await console.ask('POST', 'nodes', { body })).status, 201);
  }
  const calm = async () => (await states()).every((state) => state === 'up' || state === 'degraded');
  const states = async () => {
    const { json } = (await console.ask('GET', 'fleet')) as { json: { nodes: { name: string; state: string }[] } };
    return json.nodes.filter(({ name }) => name.startsWith('flap-')).map(({ state }) => state);
  };
  const seen = new Set<string>();
  const end = performance.now() + o.seconds * 1000;
  const ledger = newLedger();
  while (performance.now() < end) {
    for (const state of await states()) seen.add(state);
    await work(console, ledger, 3, ledger.nth + 1);
    await sleep(200);
  }
  const fdsBusy = fs.readdirSync(`/proc/${pid}/fd`).length;
  flaps = false;
  clearInterval(flap);
  await until('every node is seen again', calm, { timeoutMs: 90_000, everyMs: 500 });
  await checkAll(console, ledger);
  assert.ok(seen.has('down'), `states seen: ${[...seen]}`);
  assert.ok(fdsBusy < 600, `the console holds ${fdsBusy} fds`);
  const kept = `the API answers throughout, every node is seen again once its page is; ${fdsBusy} open fds at the worst look; ${ledger.acknowledged} changes acknowledged meanwhile, none lost`;
  return { tried: `${o.nodes} nodes flap for ${o.seconds} s: pages cut, refused, back`, kept };
}
