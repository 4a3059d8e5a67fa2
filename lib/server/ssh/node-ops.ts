import { createHash } from 'node:crypto';
import type { Clock } from '#server/kernel/clock.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import type { FleetMember, SelfTest } from '#shared/nodes.ts';
import type { ActingOn, Call, Ran } from './acting.ts';
import { type Answer, parseAnswer, seriesLine, toCount, toMoment } from './answer.ts';
import { byHelper, type Command, catalogue, stateDirOf } from './catalogue.ts';
import { drillOp } from './drill-op.ts';
import { type ConfigHistory, parseHistory } from './history.ts';
import { installOp } from './install-op.ts';
import { limitOp } from './limit-op.ts';
import { type Probe, parseProbe } from './probe.ts';
import { releaseOp, reportedVersionOp } from './release-op.ts';
import { HELPER_PATH } from './scripts/helper.ts';
import { EXIT, MARK } from './scripts/prelude.ts';
import { selfTest } from './self-test.ts';
import type { ExecOptions, ExecResult, Outcome, Receipt, Ssh } from './types.ts';
import { createWays } from './ways.ts';
import { parseXray, type RawLook } from './xray.ts';

/** A command that changes something starts within this time, or never. */
const START_MS = 8000;
/** How long a reading of the node's clock is used. */
const OFFSET_MS = 5 * 60_000;
export const CONFIG_BYTES = 1024 * 1024;

export type RevertState = 'armed' | 'reverting' | 'reverted' | 'disarmed' | 'gone';

/**
 * What the console does on a node; each method is one exec of one script. `runId` is one attempt on one node: what it did once (backup,
 * restart, revert) it never does again, so a second attempt needs an id of its own. Deadlines are given in the console's time.
 *
 * On a prepared node the helper that root owns there does it; on a bare one the same script is sent, as far as sudo lets it.
 */
export type NodeOps = ReturnType<typeof createNodeOps>;

export function createNodeOps(ssh: Ssh, clock: Clock, { helperPath = HELPER_PATH }: { helperPath?: string } = {}) {
  const followers = new Map<string, number>();
  /** node time = console time + ms; a lower bound, so that commands rather refuse themselves too early than act too late */
  const offsets = new Map<string, { ms: number; at: number }>();

  const learn = (node: FleetMember, result: ExecResult, answer: Answer | null) => {
    const now = toCount(answer?.first('now'));
    if (now !== null && result.firstOutputAt !== null) offsets.set(node.id, { ms: now - result.firstOutputAt, at: clock.now() });
  };
  const ways = createWays({ ssh, clock, helperPath, heard: learn });

  /** What the caller allows for all of it, less what was used so far. */
  function execWithin(node: FleetMember, command: Command, options: ExecOptions): () => Promise<ExecResult> {
    const startedAt = performance.now();
    const left = () =>
      options.timeoutMs === undefined ? options : { ...options, timeoutMs: options.timeoutMs - (performance.now() - startedAt) };
    return async () => {
      const by = command.helper === null ? null : await ways.of(node, left());
      const result = await ssh.exec(node, by === null ? command : byHelper(command, by, ways.helperPath), left());
      // no mark: the helper is not there any more, or sudo lets us run it no longer; nothing was done
      if (by === null || command.follows || parseAnswer(result.stdout) !== null) return result;
      ways.forget(node);
      const now = await ways.of(node, left());
      return ssh.exec(node, now === null ? command : byHelper(command, now, ways.helperPath), left());
    };
  }

  async function run(node: FleetMember, command: Command, options: ExecOptions = {}, bytesAfter?: string): Promise<Ran> {
    const result = await execWithin(node, command, options)();
    const answer = parseAnswer(result.stdout, bytesAfter);
    learn(node, result, answer);
    if (result.exitCode !== 0) throw failed(node, result, answer, () => offsets.delete(node.id));
    if (!answer || result.cut) throw commandFailed(node, result.receipt, result.cut ? 'it said too much' : 'its answer cannot be read');
    return { answer, receipt: result.receipt };
  }
  async function notAfter(node: FleetMember, call: Call): Promise<number> {
    const known = offsets.get(node.id);
    if (!known || clock.now() - known.at > OFFSET_MS) await ways.ask(node, call);
    return clock.now() + START_MS + (offsets.get(node.id)?.ms ?? 0);
  }
  const toConsoleTime = (node: FleetMember, nodeSeconds: number) => toMoment(nodeSeconds * 1000 - (offsets.get(node.id)?.ms ?? 0));

  const acting: ActingOn = { run, notAfter, toConsoleTime };

  async function revert(
    node: FleetMember,
    operation: 'arm' | 'extend' | 'disarm' | 'state',
    o: { runId: string; seconds?: number } & Call,
  ): Promise<Outcome<RevertAnswer>> {
    const command = catalogue.revert({ ...node, runId: o.runId, notAfter: await notAfter(node, o), operation, seconds: o.seconds ?? 0 });
    const { answer, receipt } = await run(node, command, o);
    const state = REVERT_STATES.find((known) => known === answer.first('state'));
    if (!state) throw commandFailed(node, receipt, 'its answer cannot be read');
    const deadline = toCount(answer.first('deadline'));
    const survivesReboot = answer.first('survives') === '1';
    return { value: { state, deadline: deadline === null ? null : toConsoleTime(node, deadline), survivesReboot }, receipt };
  }

  async function readFile(node: FleetMember, command: Command, o: Call): Promise<Outcome<ConfigFile>> {
    const { answer, receipt } = await run(node, command, o, 'meta');
    const [mode, user, group, size] = (answer.first('meta') ?? '').split(' ');
    if (mode === undefined || user === undefined || group === undefined || toCount(size) === null)
      throw commandFailed(node, receipt, 'its answer cannot be read');
    const bytes = Buffer.from(answer.rest);
    if (bytes.length > CONFIG_BYTES) throw tooLarge(node);
    return { value: { bytes, sha256: sha256Of(bytes), mode, owner: `${user}:${group}` }, receipt };
  }

  return {
    /** `sockets: false` leaves out listeners and socket states, which cost the node the most. */
    async probe(node: FleetMember, o: Call & { sockets?: boolean } = {}): Promise<Outcome<Probe>> {
      const { answer, receipt } = await run(node, catalogue.probe({ ...node, sockets: o.sockets ?? true }), o);
      const value = parseProbe(answer);
      if (!value) throw commandFailed(node, receipt, 'its answer cannot be read');
      return { value, receipt };
    },

    /** Every fd of the service's process, grouped on the node. One of 20,000 fds takes a second or two, so it is bounded apart. */
    async xray(node: FleetMember, o: Call = {}): Promise<Outcome<RawLook>> {
      const { answer, receipt } = await run(node, catalogue.xray(node), o, 'times');
      const value = parseXray(answer);
      if (!value) throw commandFailed(node, receipt, 'its answer cannot be read');
      if ('problem' in value) throw notSeen(node, value.problem, receipt);
      return { value: value.look, receipt };
    },

    readConfig: (node: FleetMember, o: Call = {}): Promise<Outcome<ConfigFile>> => readFile(node, catalogue.readConfig(node), o),
    /** The backup that a run keeps on the node. */
    readBackup: (node: FleetMember, o: { runId: string } & Call): Promise<Outcome<ConfigFile>> =>
      readFile(
        { ...node, configPath: `${stateDirOf(node.configPath, o.runId)}/config.yaml` },
        catalogue.readBackup({ ...node, runId: o.runId }),
        o,
      ),

    /** When and by whom config.yaml was changed, as far as the node can tell, and what earlier runs have kept of it, newest first. */
    async history(node: FleetMember, o: Call = {}): Promise<Outcome<ConfigHistory>> {
      const { answer, receipt } = await run(node, catalogue.history(node), o);
      return { value: parseHistory(answer, (seconds) => toConsoleTime(node, seconds)), receipt };
    },

    /** Keeps the bytes of `expectedSha256` on the node; doing it again, also after the edit, is harmless. */
    async backupConfig(node: FleetMember, o: { runId: string; expectedSha256: string } & Call): Promise<Outcome<{ path: string }>> {
      const { receipt } = await run(node, catalogue.backupConfig({ ...node, ...o, notAfter: await notAfter(node, o) }), o);
      return { value: { path: `${stateDirOf(node.configPath, o.runId)}/config.yaml` }, receipt };
    },

    /** `written: false`: the file had exactly these bytes already. */
    async writeConfig(
      node: FleetMember,
      o: { runId: string; bytes: Buffer; expectedSha256: string } & Call,
    ): Promise<Outcome<{ written: boolean }>> {
      if (o.bytes.length > CONFIG_BYTES) throw tooLarge(node);
      const command = catalogue.writeConfig({ ...node, ...o, sha256: sha256Of(o.bytes), notAfter: await notAfter(node, o) });
      const { answer, receipt } = await run(node, command, o);
      return { value: { written: answer.first('written') === '1' }, receipt };
    },

    /** `known: false`: there is no program on the node that checks a config, or it knows no -t (2, as every option parser says it). */
    async validateConfig(node: FleetMember, o: Call = {}): Promise<Outcome<{ known: boolean; ok: boolean; output: string }>> {
      const { answer, receipt } = await run(node, catalogue.validateConfig(node), o, 'known');
      const text = answer.rest.toString('utf8');
      const code = toCount(/(?:^|\n)@exit=(\d+)\s*$/.exec(text)?.[1]);
      const known = answer.first('known') === '1' && code !== 127 && code !== 2;
      return { value: { known, ok: known && code === 0, output: text.replace(/(^|\n)@exit=\d+\s*$/, '') }, receipt };
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

    /** From now on the node restores its backup by itself once the deadline is over. Arming again moves the deadline. */
    async armRevert(
      node: FleetMember,
      o: { runId: string; seconds: number } & Call,
    ): Promise<Outcome<{ deadline: number; survivesReboot: boolean }>> {
      const { value, receipt } = await revert(node, 'arm', o);
      if (value.state !== 'armed' || value.deadline === null)
        throw commandFailed(node, receipt, `config.yaml is not guarded: the revert of this run is ${value.state} already`);
      return { value: { deadline: value.deadline, survivesReboot: value.survivesReboot }, receipt };
    },
    extendRevert: (node: FleetMember, o: { runId: string; seconds: number } & Call): Promise<Outcome<RevertAnswer>> =>
      revert(node, 'extend', o),
    /** Anything but `disarmed`: the node was faster, and has restored or is restoring its backup. */
    disarmRevert: (node: FleetMember, o: { runId: string } & Call): Promise<Outcome<RevertAnswer>> => revert(node, 'disarm', o),
    revertState: (node: FleetMember, o: { runId: string } & Call): Promise<Outcome<RevertAnswer>> => revert(node, 'state', o),

    drill: drillOp(acting),
    release: releaseOp(acting),
    install: installOp(acting),
    reportedVersion: reportedVersionOp(ssh),

    async journal(node: FleetMember, o: { sinceMs: number; lines: number } & Call): Promise<Outcome<{ lines: string[] }>> {
      const sinceSeconds = Math.max(0, Math.floor((o.sinceMs + (offsets.get(node.id)?.ms ?? 0)) / 1000));
      const { answer, receipt } = await run(node, catalogue.journal({ ...node, sinceSeconds, lines: o.lines }), o, 'now');
      const lines = answer.rest.toString('utf8').split('\n');
      return { value: { lines: lines.filter((line) => line !== '' && !line.startsWith('-- ')) }, receipt };
    },

    /** Journal lines as they are written, until the signal aborts or an hour is over. */
    async follow(node: FleetMember, o: { lines: number; signal: AbortSignal; onLine: (line: string) => void }): Promise<void> {
      let rest = '';
      let [marked, clocked] = [false, false];
      const line = (text: string) => {
        if (!marked) marked = text === MARK_LINE;
        else if (!clocked) clocked = true;
        else if (text !== '' && !text.startsWith('-- ')) o.onLine(text.slice(0, 8192));
      };
      const onOutput = (text: string) => {
        const lines = (rest + text).split('\n');
        rest = (lines.pop() ?? '').slice(0, 8192);
        lines.forEach(line);
      };
      const others = followers.get(node.id) ?? 0;
      if (others >= MOST_FOLLOWERS)
        throw new HeadroomError(
          'request.rate-limited',
          `the log of ${node.name} is followed ${others} times already, the most at a time: close one of them, or read it without following`,
        );
      followers.set(node.id, others + 1);
      try {
        const result = await execWithin(node, catalogue.follow({ ...node, lines: o.lines }), { signal: o.signal, onOutput })();
        if (result.exitCode !== 0) throw failed(node, result, null, () => {});
      } finally {
        followers.set(node.id, (followers.get(node.id) ?? 1) - 1);
      }
    },

    /** Whether root does what is asked of it, through its helper; a bare node does what our account may. */
    isPrepared: async (node: FleetMember, o: Call = {}): Promise<boolean> => (await ways.of(node, o)) !== null,

    selfTest: (node: FleetMember): Promise<SelfTest> => {
      ways.forget(node);
      return selfTest(ssh, node, helperPath);
    },
  };
}

export type ConfigFile = { bytes: Buffer; sha256: string; mode: string; owner: string };
export type RevertAnswer = {
  state: RevertState;
  /** epoch ms, console time; null when nothing is armed */
  deadline: number | null;
  /** what puts the file back starts with the machine; told when it was just armed or extended */
  survivesReboot: boolean;
};
const REVERT_STATES = ['armed', 'reverting', 'reverted', 'disarmed', 'gone'] as const satisfies RevertState[];
const MARK_LINE: string = MARK;
const LOADED_CONFIG = /^[^}]*\bsha256="([0-9a-f]{64})"[^}]*\} 1\b/;
/** A follower holds one of the eight channels to its node for as long as it looks; runs and readings need the others. */
const MOST_FOLLOWERS = 3;

const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

const tooLarge = (node: FleetMember) =>
  new HeadroomError('config.invalid', `${node.configPath} on ${node.name} is larger than 1 MiB: a config.yaml has at most that`);

function commandFailed(node: FleetMember, receipt: Receipt, why: string, cause?: unknown): HeadroomError {
  return new HeadroomError('ssh.command-failed', `"${receipt.command}" on ${node.name} failed: ${why}`, { cause });
}

function notSeen(node: FleetMember, problem: 'none' | 'restarted' | 'denied', receipt: Receipt): HeadroomError {
  const why = {
    none: `${node.unit} on ${node.name} has no process now: start it, then look again`,
    restarted: `${node.unit} on ${node.name} was replaced by a new process during the look: look again`,
    denied: `${node.user} may not read the fds of ${node.unit} on ${node.name}: let it run sudo -n ls, or log in as the user that runs the service`,
  }[problem];
  return new HeadroomError(problem === 'denied' ? 'ssh.command-failed' : 'node.no-process', why, { cause: receipt });
}

/** An exit code of a script as the error that it means. */
function failed(node: FleetMember, result: ExecResult, answer: Answer | null, forgetClock: () => void): HeadroomError {
  const said = lastWords(result.stderr);
  const made = (code: ErrorCode, words: string) => new HeadroomError(code, words, { cause: result.receipt });
  switch (result.exitCode) {
    case EXIT.changed: {
      const found = answer?.first('sha');
      return made(
        'config.changed',
        `${node.configPath} on ${node.name} changed meanwhile${found ? `: its sha256 is now ${found}` : ''}; read it again and repeat the change`,
      );
    }
    case EXIT.missing:
      return made(
        'config.not-found',
        `${node.configPath} on ${node.name} is not there: give the node the right config path, or create the file`,
      );
    case EXIT.tooLarge:
      return tooLarge(node);
    case EXIT.late:
      forgetClock();
      return made(
        'ssh.timeout',
        `SSH to ${node.name} was too slow: "${result.receipt.command}" came too late and refused itself; nothing was done`,
      );
    case EXIT.reverted:
      return made(
        'ssh.command-failed',
        `"${result.receipt.command}" on ${node.name} was not done: the node has restored its own config already`,
      );
    default:
      return commandFailed(node, result.receipt, said ?? `exit code ${result.exitCode ?? 'unknown'}`, result.receipt);
  }
}

const lastWords = (text: string): string | undefined =>
  text
    .split('\n')
    .map((line) => line.replace(/[^\x20-\x7e\u00a0-\uffff]/g, ' ').trim())
    .filter((line) => line !== '')
    .slice(-3)
    .join('; ')
    .slice(-300) || undefined;
