import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase } from '#server/db/index.ts';
import { systemClock } from '#server/kernel/clock.ts';
import { createLog } from '#server/kernel/log.ts';
import { addNode } from '#server/nodes/index.ts';
import { createNodeOps, createSsh } from '#server/ssh/index.ts';
import { type FleetMember, nodeInputSchema } from '#shared/nodes.ts';
import { freePort, makeKeyPair } from '#test/support/ssh-servers.ts';
import { until } from '#test/support/until.ts';
import { writeSection } from './section.ts';

/**
 * The same work on many targets, side by side in one run: write a file, restart a service, read the file back; sessions are opened inside the timed
 * span, so many at a time for all. The targets are the addresses 127.0.3.1… of a few OpenSSH servers, so what a node would spend is spent here too, for
 * everybody alike. systemctl is a stand-in that answers at once. Peers: Debian's clustershell, pssh and ansible-core; absent ones are left out.
 */
const { values } = parseArgs({
  options: {
    targets: { type: 'string', default: '100' },
    parallel: { type: 'string', default: '32' },
    rounds: { type: 'string', default: '3' },
    write: { type: 'boolean', default: false },
    slow: { type: 'boolean', default: false },
  },
});
const [targets, parallel, rounds] = [values.targets, values.parallel, values.rounds].map(Number) as [number, number, number];
const SYSTEMCTL = `#!/bin/sh
case "$*" in *MainPID*--value*) echo 1 ;; *--value*) echo 0 ;; show*) echo MainPID=1; echo NRestarts=0; echo ActiveState=active; echo SubState=running ;; esac
`;
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'fan-out-'));
const at = (...parts: string[]) => path.join(dir, ...parts);
const addresses = Array.from({ length: targets }, (_, i) => `127.0.3.${i + 1}`);
/** sshd listens on 16 addresses at most. */
const LISTENS = 16;
const servers = Array.from({ length: Math.ceil(targets / LISTENS) }, (_, i) => addresses.slice(i * LISTENS, (i + 1) * LISTENS));
const configOf = (address: string) => at(address, 'config.yaml');
const port = await freePort();
const user = os.userInfo().username;
const client = makeKeyPair();
const host = makeKeyPair();

function prepare(): void {
  for (const address of addresses) fs.mkdirSync(at(address), { recursive: true });
  fs.mkdirSync(at('bin'));
  fs.writeFileSync(at('bin', 'systemctl'), SYSTEMCTL, { mode: 0o755 });
  fs.writeFileSync(at('key'), client.private, { mode: 0o600 });
  fs.writeFileSync(at('authorized_keys'), `${client.public}\n`, { mode: 0o600 });
  fs.writeFileSync(at('host_key'), host.private, { mode: 0o600 });
  fs.writeFileSync(at('known_hosts'), addresses.map((a) => `[${a}]:${port} ${host.public}\n`).join(''));
  fs.writeFileSync(at('hosts'), `${addresses.join('\n')}\n`);
  fs.writeFileSync(
    at('ssh_config'),
    `Host *\n  Port ${port}\n  User ${user}\n  IdentityFile ${at('key')}\n  IdentitiesOnly yes\n  UserKnownHostsFile ${at('known_hosts')}\n  StrictHostKeyChecking yes\n  LogLevel ERROR\n`,
  );
  for (const [i, some] of servers.entries())
    fs.writeFileSync(
      at(`sshd_config_${i}`),
      `${some.map((a) => `ListenAddress ${a}:${port}`).join('\n')}
HostKey ${at('host_key')}
AuthorizedKeysFile ${at('authorized_keys')}
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
MaxStartups 500
LogLevel ERROR
SetEnv "HOME=${dir}" "PATH=${at('bin')}:${process.env.PATH}"
`,
    );
}
const reset = (): void => {
  for (const address of addresses) {
    fs.rmSync(at(address), { recursive: true });
    fs.mkdirSync(at(address));
    fs.writeFileSync(configOf(address), 'connection_pool: { enabled: true }\n');
  }
};
const WANTED = 'connection_pool: { enabled: false }\n';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const assertDone = (who: string): void => {
  for (const address of addresses)
    if (fs.readFileSync(configOf(address), 'utf8') !== WANTED) throw new Error(`${who} did not write ${configOf(address)}`);
};

/** What a person would paste: one command, so one login and one exec a target. The third word of SSH_CONNECTION is the address that was dialled. */
const JOB = `set -- $SSH_CONNECTION; f=${dir}/$3/config.yaml; echo 'connection_pool: { enabled: false }' > $f.new && mv $f.new $f && systemctl restart sniproxy && cat $f`;

type Work = { name: string; run: () => Promise<void> };
async function command(name: string, args: readonly string[], env: Record<string, string> = {}): Promise<void> {
  const child = spawn(name, [...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (said = `${said}${bytes}`.slice(-2000)));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${said}`);
}
const has = (name: string): boolean => spawnSync('which', [name]).status === 0;

async function headroom(): Promise<void> {
  const db = await openDatabase({ file: ':memory:' });
  const log = createLog({ level: 'silent', pretty: false });
  const ssh = createSsh({ db, identity: async () => client.private, clock: systemClock, log });
  const ops = createNodeOps(ssh, systemClock);
  const actor = { kind: 'system', id: 'system', name: 'bench', role: 'admin' } as const;
  const nodes: FleetMember[] = [];
  for (const [i, address] of addresses.entries()) {
    const input = nodeInputSchema.parse({ name: `node-${i}`, host: address, sshPort: port, user, configPath: configOf(address) });
    nodes.push((await db.transaction().execute((tx) => addNode.run(tx, input, { actor, now: i }))).result);
  }
  const blob = Buffer.from(host.public.split(' ')[1] ?? '', 'base64');
  const pinned = `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
  for (const { id } of nodes)
    await db
      .insertInto('hostKeys')
      .values({ nodeId: id, pinned, pinnedAt: 0, pinnedBy: 'bench', reason: null, offered: null, blocked: 0 })
      .execute();
  const expectedSha256 = sha256(fs.readFileSync(configOf(addresses[0] ?? ''), 'utf8'));
  const queue = [...nodes];
  const worker = async (): Promise<void> => {
    for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
      const runId = 'r1';
      await ops.writeConfig(node, { runId, bytes: Buffer.from(WANTED), expectedSha256 });
      await ops.restart(node, { runId, mode: 'restart' });
      const { value } = await ops.readConfig(node);
      if (value.bytes.toString() !== WANTED) throw new Error(`${node.name} does not hold what was written`);
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  await ssh.close();
  await db.destroy();
}

const playbook = () => `- hosts: all
  gather_facts: no
  tasks:
    - copy: { content: "${WANTED.trim()}\\n", dest: "${dir}/{{ inventory_hostname }}/config.yaml" }
    - command: systemctl restart sniproxy
    - slurp: { src: "${dir}/{{ inventory_hostname }}/config.yaml" }
`;
function peers(): Work[] {
  const found: Work[] = [{ name: 'Headroom, its own node operations', run: headroom }];
  const list = addresses.join(',');
  if (has('clush'))
    found.push({
      name: 'clush',
      run: () => command('clush', ['-q', '-f', String(parallel), '-w', list, '-o', `-F ${at('ssh_config')}`, JOB]),
    });
  if (has('parallel-ssh'))
    found.push({
      name: 'parallel-ssh',
      run: () => command('parallel-ssh', ['-p', String(parallel), '-t', '0', '-h', at('hosts'), '-x', `-F ${at('ssh_config')}`, JOB]),
    });
  if (has('ansible-playbook') && values.slow) {
    fs.writeFileSync(at('play.yaml'), playbook());
    const env = {
      ANSIBLE_SSH_ARGS: `-F ${at('ssh_config')}`,
      ANSIBLE_STDOUT_CALLBACK: 'oneline',
      ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3',
      ANSIBLE_PIPELINING: '1',
    };
    found.push({
      name: 'ansible-playbook',
      run: () => command('ansible-playbook', ['-i', at('hosts'), '-f', String(parallel), at('play.yaml')], env),
    });
  }
  return found;
}

let running: ChildProcess[] = [];
try {
  prepare();
  running = servers.map((_, i) => spawn('/usr/sbin/sshd', ['-D', '-e', '-f', at(`sshd_config_${i}`)], { stdio: 'ignore' }));
  for (const address of addresses) await until(`an SSH server listens on ${address}`, () => reachable(address));
  const work = peers();
  const seconds = new Map<string, number[]>(work.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, run } of work) {
      // The slow one once: it is beyond doubt, and takes minutes.
      if (round > 0 && name === 'ansible-playbook') continue;
      reset();
      const began = performance.now();
      await run();
      const took = (performance.now() - began) / 1000;
      assertDone(name);
      seconds.get(name)?.push(took);
      console.log(`round ${round + 1}  ${name}  ${took.toFixed(1)} s`);
    }
  }
  const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;
  const own = median(seconds.get(work[0]?.name ?? '') ?? []);
  const rows = [...seconds].map(([name, list]) => [
    name,
    `${median(list).toFixed(1)} s`,
    (own / median(list)).toFixed(2),
    String(list.length),
  ]);
  const table = [['', 'median', 'Headroom takes × of it', 'rounds'], ...rows];
  for (const row of table) console.log(row.join('  |  '));
  const note = `${targets} targets, ${parallel} at a time. Headroom does it as a run does: the write holds the file to an expected sha256, keeps its owner and mode and syncs it, the restart is once per run, each with a receipt. Goal: ≤ 1.1 × clush, ≥ 8 × faster than ansible-playbook.`;
  if (values.write) writeSection('fan-out', 'The same work on many nodes', 'node test/bench/fan-out.ts --slow --write', table, note);
} finally {
  for (const server of running) server.kill('SIGTERM');
  fs.rmSync(dir, { recursive: true, force: true });
}
process.exit(0);

function reachable(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, address);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
