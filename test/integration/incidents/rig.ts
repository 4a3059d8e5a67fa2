import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { createAudit } from '#server/audit/index.ts';
import { createCommand } from '#server/command/index.ts';
import { type Db, openDatabase } from '#server/db/index.ts';
import { createEventHub } from '#server/events/index.ts';
import type { Fleet } from '#server/fleet/index.ts';
import { createIncidents, type Incidents, type IncidentsDeps } from '#server/incidents/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { createLog } from '#server/kernel/log.ts';
import { addNode, createNodes } from '#server/nodes/index.ts';
import type { Actor } from '#shared/access.ts';
import type { LiveEvent } from '#shared/events.ts';
import { type FleetNode, nodeInputSchema } from '#shared/nodes.ts';
import { toInstant } from '#shared/time.ts';
import { sample } from '#test/support/samples.ts';

export const OPERATOR: Actor = { kind: 'user', id: 'u_1', name: 'sre-oncall', role: 'operator' };
const ADMIN: Actor = { kind: 'system', id: 'system', name: 'test', role: 'admin' };
export const START = Date.parse('2026-03-01T12:00:00Z');
const MINUTE = 60_000;

export const leaking = (perMinute = 60): Pick<FleetNode, 'leak' | 'timeToEmfileSeconds'> => {
  const minutes = 7000 / perMinute;
  return {
    leak: {
      verdict: 'leaking',
      perMinute: { low: perMinute - 4, mid: perMinute, high: perMinute + 4 },
      per1000Connections: { low: 380, mid: 412, high: 440 },
    },
    timeToEmfileSeconds: { low: minutes * 55, mid: minutes * 60, high: minutes * 66 },
  };
};
const verdict = (is: 'not-leaking' | 'cannot-tell'): Pick<FleetNode, 'leak' | 'timeToEmfileSeconds'> => ({
  leak: { verdict: is, perMinute: is === 'not-leaking' ? { low: -1, mid: 0, high: 1 } : null, per1000Connections: null },
  timeToEmfileSeconds: null,
});
export const [calm, young] = [verdict('not-leaking'), verdict('cannot-tell')];

/** A fleet that is what a test says, on a database file and a clock of the test's own; consoles come and go on it. */
export async function rig(t: Pick<TestContext, 'after'>, names: readonly string[], /** PostgreSQL instead of a file */ url?: string) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'incidents-'));
  const file = path.join(dir, 'headroom.db');
  let now = START;
  const clock = {
    now: () => now,
    sleep: (_ms: number, signal?: AbortSignal) => new Promise<void>((_, no) => signal?.addEventListener('abort', no)),
  };
  const nodes = new Map<string, FleetNode>();
  const accepted = new Map<string, number>();
  const events: LiveEvent[] = [];
  const open: Db[] = [];
  t.after(async () => {
    for (const db of open) await db.destroy();
    fs.rmSync(dir, { recursive: true, force: true });
  });

  const nodeOf = (id: string): FleetNode => {
    const node = nodes.get(id);
    if (!node) throw new HeadroomError('node.not-found', 'gone');
    return { ...node, lastSampleAt: toInstant(now) };
  };
  const fleet: Fleet = {
    view: async () => ({ asOf: toInstant(now), nodes: [...nodes.keys()].map(nodeOf) }),
    renew: () => undefined,
    node: async (id) => ({
      node: nodeOf(id),
      verdict: 'Leaking 60 fds/min; what grew: clients in CLOSE_WAIT.',
      member: {
        ...nodeInputSchema.parse({ name: nodeOf(id).name, host: '127.0.0.1', user: 'sre' }),
        id,
        version: 1,
        createdAt: toInstant(START),
      },
    }),
    history: async (id, { from = START, to = now }) => {
      nodeOf(id);
      const times = Array.from({ length: Math.max(2, Math.ceil((to - from) / MINUTE)) }, (_, i) => (from + i * MINUTE) / 1000);
      const openFds = times.map((_, i) => 1000 + 60 * i);
      const series = {
        openFds,
        fdLimit: times.map(() => 8192),
        refusedPerSecond: times.map(() => 0.5),
        connectionsActive: times.map(() => 30),
      };
      return { ...{ from: toInstant(from), to: toInstant(to), step: 60, processStarts: [], times, series, blind: [], runs: [] } };
    },
    events: async (_id, { from = START, to = now }) => ({ from: toInstant(from), to: toInstant(to), events: [], cut: false }),
    facts: () => ({}),
  };
  const receipt = (command: string, raw: string) => ({ command, exitCode: 0, raw, sha256: 'a'.repeat(64), at: now, durationMs: 5 });
  const asked: string[] = [];
  const ops: IncidentsDeps['ops'] = {
    async probe(member) {
      asked.push(`probe ${member.name}`);
      const limit = nodeOf(member.id).fdLimit;
      const value = {
        ...{
          nodeClockMs: now,
          mainPid: 7,
          activeState: 'active',
          subState: 'running',
          nRestarts: 0,
          canReload: true,
          processStartMs: START,
          openFds: 1000,
        },
        ...{
          fdSoftLimit: limit,
          fdHardLimit: 8192,
          mayRaiseHard: !member.name.startsWith('own-boxed'),
          kernelLimit: 1_048_576,
          comm: 'proxy',
          listeners: [],
          socketStates: { ESTAB: 60 },
          configSha256: null,
        },
      };
      return { value, receipt: receipt('systemctl show', 'ok') };
    },
    async xray(member) {
      asked.push(`xray ${member.name}`);
      throw new HeadroomError('ssh.timeout', `SSH to ${member.name} was too slow`);
    },
    readConfig: async () => ({
      value: { bytes: Buffer.from('connection_pool:\n'), sha256: 'b'.repeat(64), mode: '644', owner: 'root:root' },
      receipt: receipt('cat', ''),
    }),
    journal: async () => ({ value: { lines: ['accepting'] }, receipt: receipt('journalctl', 'accepting\n') }),
    isPrepared: async (member) => member.name.startsWith('own'),
  };

  async function console_(
    more: Partial<IncidentsDeps> = {},
  ): Promise<{ incidents: Incidents; db: Db; command: ReturnType<typeof createCommand>; die(): Promise<void> }> {
    const db = await openDatabase(url === undefined ? { file } : { url });
    open.push(db);
    const hub = createEventHub();
    hub.subscribe((_id, event) => void events.push(event));
    const command = createCommand({ db, audit: createAudit({ db }), events: hub, clock });
    const health = (id: string) => {
      const node = nodeOf(id);
      const last = sample(now, { openFds: node.openFds, fdLimit: node.fdLimit, acceptedTotal: accepted.get(node.name) ?? 5000 });
      return {
        ...node,
        reason: null,
        lastSample: last,
        ready: true,
        configSha256: null,
        drill: null,
        version: null,
        sshError: null,
        pool: { enabled: true },
      };
    };
    const incidents = createIncidents({
      ...{ db, command, nodes: createNodes({ db }), fleet, ops, events: hub, clock, url: 'http://console.test' },
      scraper: { health, recent: () => [sample(now)] },
      log: createLog({ level: 'silent', pretty: false }),
      ...more,
    });
    return { incidents, db, command, die: () => db.destroy().then(() => void open.splice(open.indexOf(db), 1)) };
  }

  const first = await console_();
  for (const name of names) {
    const { id } = await first.command(
      ADMIN,
      addNode,
      nodeInputSchema.parse({ name, host: '127.0.0.1', user: 'sre', metrics: { via: 'none' } }),
    );
    nodes.set(id, quietNode(id, name));
  }
  const idOf = (name: string): string => [...nodes.values()].find((n) => n.name === name)?.id ?? 'none';
  return {
    ...first,
    console: console_,
    events,
    asked,
    idOf,
    now: () => now,
    set: (name: string, values: Partial<FleetNode>) => nodes.set(idOf(name), { ...nodeOf(idOf(name)), ...values }),
    accept: (name: string, count: number) => accepted.set(name, count),
    remove: (name: string) => nodes.delete(idOf(name)),
    /** As the loop does it, every 15 s for so many minutes. */
    async pass(minutes: number, incidents: Incidents = first.incidents): Promise<void> {
      for (let s = 0; s < minutes * 60; s += 15) {
        now += 15_000;
        await incidents.tick();
      }
    },
    restart(name: string, values: Partial<FleetNode> = {}): void {
      accepted.set(name, 0);
      nodes.set(idOf(name), { ...nodeOf(idOf(name)), openFds: 60, processStart: toInstant(now), ...young, ...values });
    },
  };
}

const quietNode = (id: string, name: string): FleetNode => ({
  ...{
    id,
    name,
    labels: {},
    state: 'up',
    stateReason: null,
    openFds: 1000,
    fdLimit: 8192,
    headroom: 7192,
    explainedFds: 100,
    unexplainedFds: 0,
  },
  ...{
    connectionsActive: 30,
    acceptedPerSecond: 4,
    processStart: toInstant(START - 3_600_000),
    ...calm,
    configSha256: null,
    drift: false,
    drill: null,
  },
  pool: { enabled: true, active: 0, idle: 0 },
  ...{ hostKey: { fingerprint: null, blocked: false }, activeRunId: null, lastSampleAt: toInstant(START), sparkline: [] },
});
