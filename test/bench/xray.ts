// How long a look at a process with 20,000 fds takes, in each shell that a node may have: `node test/bench/xray.ts [dash bash busybox]`.
// Writes its table into docs/benchmarks.md, and fails when a look takes longer than a run may wait for it.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { systemClock } from '#server/kernel/clock.ts';
import { createNodeOps } from '#server/ssh/index.ts';
import { fakeNode } from '#test/support/fake-node.ts';
import { holdFds } from '#test/support/fd-holder.ts';
import { localSsh } from '#test/support/local-ssh.ts';
import { writeSection } from './section.ts';

const MOST_MS = 2000;
const MOST_BYTES = 256 * 1024;
const LOOKS = 3;
const HELD = { pairs: 7000, gone: 1000, orphans: 300, files: 4600 };

const named = process.argv.slice(2);
const shells = ['/bin/dash', '/bin/bash', '/bin/busybox'].filter(
  (file) => fs.existsSync(file) && (named.length === 0 || named.includes(path.basename(file))),
);

const cleanUps: (() => unknown)[] = [];
const t = { after: (fn: () => unknown) => void cleanUps.push(fn) };
const rows: string[][] = [];
let slow = false;
try {
  for (const shell of shells) {
    const node = fakeNode(t);
    let sh = shell;
    if (shell === '/bin/busybox') {
      const applets = path.join(node.dir, 'applets');
      fs.mkdirSync(applets);
      spawnSync(shell, ['--install', '-s', applets]);
      for (const own of ['systemctl', 'journalctl']) fs.rmSync(path.join(applets, own), { force: true });
      node.env.PATH = `${path.join(node.dir, 'bin')}:${applets}`;
      sh = path.join(applets, 'sh');
    }
    const ops = createNodeOps(localSsh({ env: node.env, sh }), systemClock);
    const holder = await holdFds(t, HELD);
    process.kill(node.mainPid(), 'SIGKILL');
    fs.writeFileSync(path.join(node.dir, 'facts', 'pid'), String(holder.pid));
    const walls: number[] = [];
    const cpus: number[] = [];
    let bytes = 0;
    for (let i = 0; i < LOOKS; i += 1) {
      const { value, receipt } = await ops.xray(node.member, { timeoutMs: 30_000 });
      walls.push(receipt.durationMs);
      cpus.push(value.cpuMs ?? Number.NaN);
      bytes = Math.max(bytes, JSON.stringify(value.groups).length);
    }
    const wall = median(walls);
    slow ||= wall > MOST_MS || bytes > MOST_BYTES;
    rows.push([path.basename(shell), `${holder.openFds()}`, `${wall} ms`, `${median(cpus)} ms`, `${Math.round(bytes / 1024)} KiB`]);
  }
} finally {
  for (const cleanUp of cleanUps) await cleanUp();
}
writeSection(
  'xray',
  'A look at 20,000 fds',
  ['node test/bench/xray.ts', ...named].join(' '),
  [['shell of the node', 'fds', `wall, median of ${LOOKS}`, 'CPU on the node', 'groups and numbers of the answer'], ...rows],
  `The process is not ours: a Perl program that holds sockets, files and orphans. A look should take ${MOST_MS / 1000} s at most and answer with no more than ${MOST_BYTES / 1024} KiB.`,
);
console.log(rows.map((row) => row.join('\t')).join('\n'));
process.exitCode = slow ? 1 : 0;

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
