import { createHash } from 'node:crypto';
import type { Clock } from '#server/kernel/clock.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { NodeOps, Outcome, RevertState } from '#server/ssh/index.ts';
import type { Sample } from '#shared/metrics.ts';
import { type FleetMember, nodeInputSchema } from '#shared/nodes.ts';

export const CONFIG = `# edge proxy
listen_addrs: ["0.0.0.0:443"]
connection_pool:
  enabled: true   # as rolled out
  max_per_host: 1000
`;
const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

type RunFiles = {
  backup: Buffer | null;
  /** the run has not written config.yaml yet */
  untouched: boolean;
  restarted: boolean;
  deadline: number | null;
  /** what was current before this run switched */
  releaseBefore?: string;
  state: 'none' | 'armed' | 'reverting' | 'reverted' | 'disarmed';
};

export type SimulatedNode = ReturnType<typeof simulatedNode>;

/**
 * A node as the engine meets it: a file, a process with a start time, markers per run, and a revert timer of its own that looks every 5 s whoever else
 * is alive. It gains fds by `leak`: with the pool on, always, or not at all.
 */
export function simulatedNode(options: { clock: Clock; name: string; leak: 'pool' | 'always' | 'none'; config?: string }) {
  const { clock } = options;
  const bornAt = clock.now() - 600_000;
  let config = Buffer.from(options.config ?? CONFIG);
  let process = { pid: 4000, startMs: bornAt, poolOn: /enabled: true/.test(config.toString()), accepted: 0, leaked: 1500 };
  let loaded = sha(config);
  const runs = new Map<string, RunFiles>();
  const samples: Sample[] = [];
  let tick = 0;

  const node = {
    member: {
      ...nodeInputSchema.parse({ name: options.name, host: '127.0.0.1', user: 'sre' }),
      id: `n_${options.name}`,
      version: 1,
      createdAt: new Date(bornAt).toISOString(),
    } satisfies FleetMember,
    /** every restart of the service, whoever asked: `run` or `revert` */
    restarts: [] as string[],
    /** every changing call that reached the node, for "touched no more" */
    touches: [] as { what: string; at: number }[],
    revertedAt: null as number | null,
    reachable: true as boolean | 'hangs',
    /** versions of the proxy, side by side: what is there, what is current, what the process is, and whether a new one says its real version */
    releases: { there: new Set(['old']), current: 'old', runs: 'old', startsCurrent: true, lies: false },
    /** what the sample counter does; a stopped service accepts nothing */
    acceptsPerSecond: 8,
    fdLimit: 8192,
    journal: [] as string[],
    validates: true,
    comesBack: true,
    config: () => config.toString(),
    setConfig: (text: string) => {
      config = Buffer.from(text);
    },
    process: () => process,
    samples,
    runFiles: runs,
    /** sha256 of the config that the process runs with; null: it does not say */
    tellsConfig: true,
    loaded: () => (node.tellsConfig ? loaded : null),
    reloads: 0,
    reload() {
      node.reloads += 1;
      loaded = sha(config);
      process = { ...process, poolOn: /enabled: true/.test(config.toString()) };
    },
    restart(by: 'run' | 'revert') {
      node.restarts.push(by);
      if (node.releases.startsCurrent) node.releases.runs = node.releases.current;
      loaded = sha(config);
      node.fdLimit = 8192;
      process = { pid: process.pid + 7, startMs: clock.now(), poolOn: /enabled: true/.test(config.toString()), accepted: 0, leaked: 0 };
    },
    /** one second of traffic and, every 2 s, a sample; every 5 s the revert timer */
    second() {
      tick += 1;
      process.accepted += node.acceptsPerSecond;
      const leaks = options.leak === 'always' || (options.leak === 'pool' && process.poolOn);
      if (leaks) process.leaked += node.acceptsPerSecond * 0.2;
      if (tick % 2 === 0 && node.comesBack) samples.push(node.sample());
      if (tick % 5 === 0) for (const files of runs.values()) revertTimer(files);
    },
    sample(): Sample {
      const active = 40 + (tick % 3);
      return {
        at: clock.now(),
        processStart: Math.round(process.startMs / 1000) * 1000,
        openFds: Math.round(24 + 2 * active + process.leaked),
        fdLimit: node.fdLimit,
        connectionsActive: active,
        connectionsStale: 0,
        withoutBackend: 0,
        poolActive: 0,
        poolIdle: 0,
        baselineFds: 24,
        acceptedTotal: process.accepted,
        refusedTotal: 0,
        bytesTotal: process.accepted * 1000,
        errorsTotal: 0,
        rssBytes: 5e7,
        cpuSeconds: 1,
        eventLoopLagSeconds: 0.001,
        source: 'http',
      };
    },
    files(runId: string): RunFiles {
      const files = runs.get(runId) ?? { backup: null, untouched: true, restarted: false, deadline: null, state: 'none' };
      runs.set(runId, files);
      return files;
    },
    writeConfig(bytes: Buffer) {
      config = Buffer.from(bytes);
    },
    bytes: () => config,
  };

  function revertTimer(files: RunFiles): void {
    if (files.state !== 'armed' || files.deadline === null || clock.now() < files.deadline) return;
    files.state = 'reverting';
    const changed = files.backup !== null && !files.untouched && !files.backup.equals(config);
    if (files.backup !== null && changed) config = Buffer.from(files.backup);
    const switched = files.releaseBefore !== undefined && files.releaseBefore !== node.releases.current;
    if (files.releaseBefore !== undefined) node.releases.current = files.releaseBefore;
    if (changed || switched || files.restarted) node.restart('revert');
    files.state = 'reverted';
    node.revertedAt = clock.now();
  }
  return node;
}

export type SimulatedFleet = ReturnType<typeof simulatedFleet>;

/** Several nodes on one clock, whose time passes whether or not a console lives. */
export function simulatedFleet(clock: Clock, nodes: readonly SimulatedNode[]) {
  const byId = new Map(nodes.map((n) => [n.member.id, n]));
  const of = (member: Pick<FleetMember, 'id'>): SimulatedNode => {
    const node = byId.get(member.id);
    if (node === undefined) throw new Error(`no simulated node ${member.id}`);
    return node;
  };
  void (async () => {
    for (;;) {
      await clock.sleep(1000);
      for (const node of nodes) node.second();
    }
  })();
  return { of, nodes };
}

const LATENCY_MS = 60;

/**
 * NodeOps over simulated nodes. `point` is called before the node acts and after it, before the answer arrives: a console that dies there has asked
 * without knowing, or acted without hearing.
 */
export function simulatedOps(clock: Clock, fleet: SimulatedFleet, point: (name: string) => Promise<void> = async () => undefined): NodeOps {
  async function call<T>(member: FleetMember, name: string, changes: boolean, act: (node: SimulatedNode) => T): Promise<Outcome<T>> {
    const node = fleet.of(member);
    await point(`${name}:before`);
    if (node.reachable === 'hangs') {
      await clock.sleep(10_000);
      throw new HeadroomError('ssh.timeout', `SSH to ${member.name} did not answer within 10 s`);
    }
    await clock.sleep(LATENCY_MS);
    if (node.reachable !== true) throw new HeadroomError('ssh.unreachable', `SSH to ${member.name} was refused`);
    if (changes) node.touches.push({ what: name, at: clock.now() });
    const value = act(node);
    await point(`${name}:after`);
    const raw = JSON.stringify(value);
    return { value, receipt: { command: name, exitCode: 0, raw, sha256: sha(Buffer.from(raw)), at: clock.now(), durationMs: LATENCY_MS } };
  }
  const state = (node: SimulatedNode, runId: string): { state: RevertState; deadline: number | null; survivesReboot: boolean } => {
    const { state: known, deadline } = node.files(runId);
    return { state: known === 'none' ? 'gone' : known, deadline: known === 'armed' ? deadline : null, survivesReboot: false };
  };
  const refuseReverted = (node: SimulatedNode, runId: string) => {
    if (['reverting', 'reverted'].includes(node.files(runId).state))
      throw new HeadroomError('ssh.command-failed', 'the node has restored its own config already');
  };

  return {
    isPrepared: async () => true,
    probe: (member) =>
      call(member, 'probe', false, (node) => ({
        nodeClockMs: clock.now(),
        mainPid: node.comesBack ? node.process().pid : null,
        activeState: node.comesBack ? 'active' : 'failed',
        subState: node.comesBack ? 'running' : 'failed',
        nRestarts: 0,
        canReload: true,
        processStartMs: node.process().startMs,
        openFds: node.sample().openFds,
        fdSoftLimit: node.fdLimit,
        fdHardLimit: 524_288,
        mayRaiseHard: true,
        kernelLimit: 1_048_576,
        comm: 'sniproxy-server',
        listeners: [{ address: '0.0.0.0', port: 443, pid: node.process().pid }],
        socketStates: {},
        configSha256: sha(node.bytes()),
      })),
    readConfig: (member) =>
      call(member, 'readConfig', false, (node) => ({ bytes: node.bytes(), sha256: sha(node.bytes()), mode: '644', owner: 'root:root' })),
    loadedConfig: async (member) => ({ sha256: fleet.of(member).loaded(), receipt: null }),
    drill: (member) => call(member, 'drill', false, () => ({ ordered: false, until: null })),
    reportedVersion: async (member) => {
      const { releases } = fleet.of(member);
      return { version: releases.lies ? 'another' : `v-${releases.runs}`, receipt: null };
    },
    // hosts without a proxy are real ones: test/fleet/install.ts
    install: () => Promise.reject(new Error('a simulated node has a proxy')),
    release: (member, o) =>
      call(member, `release-${o.operation}`, o.operation !== 'state', (node) => {
        const { releases } = node;
        const files = node.files(o.runId);
        let acted = false;
        if (o.operation === 'put') {
          acted = !releases.there.has(o.sha256);
          releases.there.add(o.sha256);
        }
        if (o.operation === 'switch') {
          refuseReverted(node, o.runId);
          files.releaseBefore ??= releases.current;
          acted = releases.current !== o.sha256;
          releases.current = o.sha256;
        }
        const there = releases.there.has(o.sha256);
        return {
          ...{ acted, there, root: '/opt/sniproxy', starts: releases.startsCurrent, current: `releases/${releases.current}` },
          ...{ exe: `/opt/sniproxy/releases/${releases.runs}/bin/node`, version: there ? `v-${o.sha256}` : null },
        };
      }),
    history: (member) => call(member, 'history', false, () => ({ sha256: null, changedAt: null, suspects: [], kept: [] })),
    readBackup: (member, { runId }) =>
      call(member, 'readBackup', false, (node) => {
        const { backup } = node.files(runId);
        if (backup === null) throw new HeadroomError('config.not-found', `the run ${runId} keeps no backup`);
        return { bytes: backup, sha256: sha(backup), mode: '644', owner: 'root:root' };
      }),
    xray: (member) =>
      call(member, 'xray', false, (node) => ({
        nodeClockMs: clock.now(),
        pid: node.process().pid,
        comm: 'sniproxy-server',
        processStartMs: node.process().startMs,
        fdSoftLimit: node.fdLimit,
        littleEndian: true,
        openFds: 1,
        groups: [{ count: 1, kind: 'file', state: '', local: '', peer: '*', examples: [], ids: [] }],
        idsCut: 0,
        cpuMs: null,
      })),
    setLimit: (member, { runId, pid, limit }) =>
      call(member, 'setLimit', true, (node) => {
        refuseReverted(node, runId);
        if (pid !== node.process().pid) throw new HeadroomError('ssh.command-failed', `the process is ${node.process().pid} now`);
        const before = node.fdLimit;
        node.fdLimit = Math.max(before, limit);
        return { acted: node.fdLimit > before, before, limit: node.fdLimit, kept: null };
      }),
    backupConfig: (member, { runId, expectedSha256 }) =>
      call(member, 'backupConfig', true, (node) => {
        const files = node.files(runId);
        const kept = files.backup ?? node.bytes();
        if (sha(kept) !== expectedSha256) throw new HeadroomError('config.changed', 'config.yaml changed meanwhile');
        files.backup = Buffer.from(kept);
        return { path: `/etc/sniproxy/.headroom/${runId}/config.yaml` };
      }),
    writeConfig: (member, { runId, bytes, expectedSha256 }) =>
      call(member, 'writeConfig', true, (node) => {
        refuseReverted(node, runId);
        const there = sha(node.bytes()) === sha(bytes);
        if (!there && sha(node.bytes()) !== expectedSha256) throw new HeadroomError('config.changed', 'config.yaml changed meanwhile');
        node.files(runId).untouched = false;
        if (there) return { written: false };
        node.writeConfig(bytes);
        return { written: true };
      }),
    validateConfig: (member) =>
      call(member, 'validateConfig', false, (node) => ({ known: true, ok: node.validates, output: 'line 1: no' })),
    restart: (member, { runId, mode }) =>
      call(member, mode, true, (node) => {
        refuseReverted(node, runId);
        const files = node.files(runId);
        if (files.restarted) return { acted: false };
        files.restarted = true;
        if (mode === 'reload') node.reload();
        else node.restart('run');
        return { acted: true };
      }),
    armRevert: (member, { runId, seconds }) =>
      call(member, 'armRevert', true, (node) => {
        const files = node.files(runId);
        if (files.state !== 'none' && files.state !== 'armed')
          throw new HeadroomError('ssh.command-failed', `the revert of this run is ${files.state} already`);
        files.state = 'armed';
        files.deadline = clock.now() + seconds * 1000;
        return { deadline: files.deadline, survivesReboot: false };
      }),
    extendRevert: (member, { runId, seconds }) =>
      call(member, 'extendRevert', true, (node) => {
        const files = node.files(runId);
        if (files.state === 'armed') files.deadline = clock.now() + seconds * 1000;
        return state(node, runId);
      }),
    disarmRevert: (member, { runId }) =>
      call(member, 'disarmRevert', true, (node) => {
        const files = node.files(runId);
        if (files.state === 'armed' || files.state === 'none') files.state = 'disarmed';
        return state(node, runId);
      }),
    revertState: (member, { runId }) => call(member, 'revertState', false, (node) => state(node, runId)),
    journal: (member) => call(member, 'journal', false, (node) => ({ lines: node.journal })),
    follow: async () => undefined,
    selfTest: async () => ({ ok: true, checks: [] }),
  };
}
