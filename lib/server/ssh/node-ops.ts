import type { Clock } from '#server/kernel/clock.ts';
import type { FleetMember, SelfTest } from '#shared/nodes.ts';
import type { ActingOn, Call, Ran } from './acting.ts';
import { type Answer, parseAnswer, seriesLine, toCount, toMoment } from './answer.ts';
import { byHelper, type Command, catalogue } from './catalogue.ts';
import { configOps } from './config-ops.ts';
import { drillOp } from './drill-op.ts';
import { installOp } from './install-op.ts';
import { journalOps } from './journal-ops.ts';
import { limitOp } from './limit-op.ts';
import { type Probe, parseProbe } from './probe.ts';
import { releaseOp, reportedVersionOp } from './release-op.ts';
import { revertOps } from './revert-ops.ts';
import { commandFailed, processNotSeen, scriptFailed, unreadable } from './script-failures.ts';
import { HELPER_PATH } from './scripts/helper.ts';
import { selfTest } from './self-test.ts';
import type { ExecOptions, ExecResult, Outcome, Receipt, Ssh } from './types.ts';
import { createWays } from './ways.ts';
import { parseXray, type RawLook } from './xray.ts';

/** A command that changes something starts within this time, or never. */
const START_MS = 8000;
/** How long a reading of the node's clock is used. */
const OFFSET_MS = 5 * 60_000;

/**
 * What the console does on a node; each method is one exec of one script. `runId` is one attempt on one node: what it did once (backup,
 * restart, revert) it never does again, so a second attempt needs an id of its own. Deadlines are given in the console's time.
 *
 * On a prepared node the helper that root owns there does it; on a bare one the same script is sent, as far as sudo lets it.
 */
export type NodeOps = ReturnType<typeof createNodeOps>;

export function createNodeOps(ssh: Ssh, clock: Clock, { helperPath = HELPER_PATH }: { helperPath?: string } = {}) {
  /** node time = console time + ms; a lower bound, so that commands rather refuse themselves too early than act too late */
  const offsets = new Map<string, { ms: number; at: number }>();

  const learn = (node: FleetMember, result: ExecResult, answer: Answer | null) => {
    const now = toCount(answer?.first('now'));
    if (now !== null && result.firstOutputAt !== null) offsets.set(node.id, { ms: now - result.firstOutputAt, at: clock.now() });
  };
  const ways = createWays({ ssh, clock, helperPath, heard: learn });

  /** By the helper where the node has one. What the caller allows is for all of it. */
  async function exec(node: FleetMember, command: Command, options: ExecOptions): Promise<ExecResult> {
    const startedAt = performance.now();
    const left = () =>
      options.timeoutMs === undefined ? options : { ...options, timeoutMs: options.timeoutMs - (performance.now() - startedAt) };
    const by = command.helper === null ? null : await ways.of(node, left());
    const result = await ssh.exec(node, by === null ? command : byHelper(command, by, ways.helperPath), left());
    // no mark: the helper is not there any more, or sudo lets us run it no longer; nothing was done
    if (by === null || command.follows || parseAnswer(result.stdout) !== null) return result;
    ways.forget(node);
    const now = await ways.of(node, left());
    return ssh.exec(node, now === null ? command : byHelper(command, now, ways.helperPath), left());
  }

  async function run(node: FleetMember, command: Command, options: ExecOptions = {}, bytesAfter?: string): Promise<Ran> {
    const result = await exec(node, command, options);
    const answer = parseAnswer(result.stdout, bytesAfter);
    learn(node, result, answer);
    if (result.exitCode !== 0) throw scriptFailed(node, result, answer, () => offsets.delete(node.id));
    if (!answer || result.cut) throw commandFailed(node, result.receipt, result.cut ? 'it said too much' : 'its answer cannot be read');
    return { answer, receipt: result.receipt };
  }

  async function notAfter(node: FleetMember, call: Call): Promise<number> {
    const known = offsets.get(node.id);
    if (!known || clock.now() - known.at > OFFSET_MS) await ways.ask(node, call);
    return clock.now() + START_MS + (offsets.get(node.id)?.ms ?? 0);
  }

  const acting: ActingOn = {
    ...{ run, notAfter },
    toConsoleTime: (node, nodeSeconds) => toMoment(nodeSeconds * 1000 - (offsets.get(node.id)?.ms ?? 0)),
    toNodeTime: (node, consoleMs) => consoleMs + (offsets.get(node.id)?.ms ?? 0),
  };

  return {
    /** `sockets: false` leaves out listeners and socket states, which cost the node the most. */
    async probe(node: FleetMember, o: Call & { sockets?: boolean } = {}): Promise<Outcome<Probe>> {
      const { answer, receipt } = await run(node, catalogue.probe({ ...node, sockets: o.sockets ?? true }), o);
      const value = parseProbe(answer);
      if (!value) throw unreadable(node, receipt);
      return { value, receipt };
    },

    /** Every fd of the service's process, grouped on the node. One of 20,000 fds takes a second or two, so it is bounded apart. */
    async xray(node: FleetMember, o: Call = {}): Promise<Outcome<RawLook>> {
      const { answer, receipt } = await run(node, catalogue.xray(node), o, 'times');
      const value = parseXray(answer);
      if (!value) throw unreadable(node, receipt);
      if ('problem' in value) throw processNotSeen(node, value.problem, receipt);
      return { value: value.look, receipt };
    },

    /** `acted: false`: this run had it done already. */
    async restart(node: FleetMember, o: { runId: string; mode: 'restart' | 'reload' } & Call): Promise<Outcome<{ acted: boolean }>> {
      const { answer, receipt } = await run(node, catalogue.service({ ...node, ...o, notAfter: await notAfter(node, o) }), o);
      return { value: { acted: answer.first('acted') === '1' }, receipt };
    },

    /** The config that the process says it runs with, on its metrics page. Null: it has no page, or does not say. */
    async loadedConfig(node: FleetMember, o: Call = {}): Promise<{ sha256: string | null; receipt: Receipt | null }> {
      if (node.metrics.via === 'none') return { sha256: null, receipt: null };
      const { exitCode, stdout, receipt } = await ssh.exec(node, catalogue.fetchMetrics({ url: node.metrics.url }), o);
      const said = exitCode === 0 ? LOADED_CONFIG.exec(seriesLine(stdout, 'sniproxy_config_info')) : null;
      return { sha256: said?.[1] ?? null, receipt };
    },

    setLimit: limitOp(acting),
    ...configOps(acting),
    ...revertOps(acting),
    ...journalOps(acting, exec),
    drill: drillOp(acting),
    release: releaseOp(acting),
    install: installOp(acting),
    reportedVersion: reportedVersionOp(ssh),

    /** Whether root does what is asked of it, through its helper; a bare node does what our account may. */
    isPrepared: async (node: FleetMember, o: Call = {}): Promise<boolean> => (await ways.of(node, o)) !== null,

    selfTest: (node: FleetMember): Promise<SelfTest> => {
      ways.forget(node);
      return selfTest(ssh, node, helperPath);
    },
  };
}

const LOADED_CONFIG = /^[^}]*\bsha256="([0-9a-f]{64})"[^}]*\} 1\b/;
