import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Duplex } from 'node:stream';
import type { Clock } from '#server/kernel/clock.ts';
import { afterReading, within } from './deadline.ts';
import { channelFailed, sessionLost, stillRunning, timedOut } from './failures.ts';
import { ENV } from './openssh-bound.ts';
import { NODE, type Place, type SessionPlace } from './openssh-place.ts';
import { type CommandChannel, gather } from './run-channel.ts';
import { NotSent, type Session } from './session.ts';
import { createTurns } from './turns.ts';
import type { SshTarget } from './types.ts';

/** A command whose master died ends a moment before the master is seen to have ended. */
const GRACE_MS = 500;
const LOG_CAP = 16_384;

type Master = { gone: Promise<number | null>; end(): void /** its stderr */; said(): string };
/** How one command ended, from the log of the ssh that carried it. */
type Ending = 'exited' | 'signalled' | 'not-sent' | 'refused' | 'lost';

/** Commands through a master's socket. The same promises as ssh2's session. */
export function createOpenSshSession(o: {
  target: SshTarget;
  place: Place;
  at: SessionPlace;
  master: Master;
  fingerprint: string;
  clock: Clock;
}): Session {
  const { target, place, at, master } = o;
  let open = true;
  let commands = 0;
  const destroy = () => {
    open = false;
    master.end();
  };
  const turns = createTurns({ target, open: () => open, destroy });
  void master.gone.then(() => {
    open = false;
    turns.wake();
    at.remove();
  });

  const lost = (during: string) =>
    /not responding/.test(master.said())
      ? timedOut(target, 9000, `no answer to three keepalives while ${during}`)
      : sessionLost(target, during);

  /** Never a connection of its own: without the master it ends (`false` is what it would connect through). */
  const start = (options: readonly string[], rest: readonly string[]): ChildProcess => {
    const words = ['-F', at.config, '-S', at.socket, '-o', 'ProxyCommand=false', ...options];
    return spawn('ssh', [...words, ...rest], { cwd: place.dir, env: ENV, stdio: 'pipe' });
  };

  async function ending(log: string, exitCode: number | null): Promise<Ending> {
    if (exitCode !== null && exitCode !== 255) return 'exited';
    if (/Received exit status from master/.test(log)) return 'exited';
    if (/Session open refused|session request failed|forwarding request failed/i.test(log)) return 'refused';
    if (!/mux_client_hello_exchange: master version/.test(log)) return 'not-sent';
    await Promise.race([master.gone, new Promise((resolve) => setTimeout(resolve, GRACE_MS).unref())]);
    return open ? 'signalled' : 'lost';
  }

  return {
    fingerprint: o.fingerprint,
    usable: turns.usable,
    idleMs: turns.idleMs,
    retire: turns.retire,
    destroy,

    async run(command, options) {
      const until = performance.now() + options.ms;
      const silenceMs = Math.min(options.silenceMs, options.ms);
      let firstAt: number | null = null;
      let channel: (CommandChannel & { ending(): Ending | null }) | undefined;
      let quiet: { cancel(): void } | undefined;
      await turns.take(silenceMs, options.signal);
      try {
        if (!turns.usable()) throw new NotSent();
        const silent = new Promise<never>((_, reject) => {
          quiet = afterReading(silenceMs, () => reject(timedOut(target, silenceMs)));
        });
        const first = () => {
          firstAt = o.clock.now();
          quiet?.cancel();
        };
        const log = at.log(++commands);
        channel = commandChannel(
          start(['-T', '-o', 'LogLevel=DEBUG2', '-E', log], [NODE, command.text]),
          path.join(place.dir, log),
          ending,
        );
        const answered = gather(channel, command, { output: options.output, first });
        const result = await within(Promise.race([answered, silent]), {
          ms: until - performance.now(),
          signal: options.signal,
          onTimeout: () => stillRunning(target, options.ms, command.readable),
        });
        if (result.ended) return { ...result, firstAt };
        const how = channel.ending();
        if (how === 'not-sent') throw new NotSent();
        if (how === 'refused') throw channelFailed(target, new Error('no further session is allowed'), `to run "${command.readable}"`);
        throw lost(`"${command.readable}" ran`);
      } catch (error) {
        if (!(error instanceof NotSent) && !options.signal?.aborted) turns.retire();
        channel?.close();
        throw error;
      } finally {
        quiet?.cancel();
        turns.give();
      }
    },

    async openTcp(to, ms) {
      await turns.take(ms);
      let held = true;
      const free = () => {
        if (held) turns.give();
        held = false;
      };
      let child: ChildProcess | undefined;
      try {
        if (!turns.usable()) throw new NotSent();
        const host = to.host.includes(':') ? `[${to.host}]` : to.host;
        child = start(['-o', 'LogLevel=DEBUG2', '-W', `${host}:${to.port}`], [NODE]);
        const opened = forwarded(child, ending);
        const how = await within(opened, {
          ms,
          onTimeout: () => timedOut(target, ms, `a connection to ${to.host}:${to.port} was asked for`),
        });
        if (how === 'not-sent') throw new NotSent();
        if (how === 'refused') throw channelFailed(target, new Error('it could not connect'), `a connection to ${to.host}:${to.port}`);
        if (how !== 'open') throw lost('a channel was opened');
        child.once('close', free);
        return asDuplex(child);
      } catch (error) {
        child?.kill('SIGKILL');
        if (error instanceof Error && 'code' in error && error.code === 'ssh.timeout') turns.retire();
        free();
        throw error;
      }
    },
  };
}

function commandChannel(
  child: ChildProcess,
  log: string,
  ending: (log: string, exitCode: number | null) => Promise<Ending>,
): CommandChannel & { ending(): Ending | null } {
  const { stdin, stdout, stderr } = child;
  if (!stdin || !stdout || !stderr) throw new Error('a command is spawned with pipes');
  let how: Ending | null = null;
  const [exits, closes]: [((code: number | null) => void)[], (() => void)[]] = [[], []];
  const done = async (exitCode: number | null) => {
    const text = fs.existsSync(log) ? fs.readFileSync(log, 'utf8').slice(-LOG_CAP) : '';
    fs.rmSync(log, { force: true });
    how = await ending(text, exitCode);
    if (how === 'exited' || how === 'signalled') for (const tell of exits) tell(how === 'exited' ? exitCode : null);
    for (const tell of closes) tell();
  };
  child.once('error', () => void done(null));
  child.once('close', (code) => void done(code));
  return {
    ...{ stdin, stdout, stderr },
    ending: () => how,
    onExit: (listener) => void exits.push(listener),
    onClose: (listener) => void closes.push(listener),
    close: () => void child.kill('SIGKILL'),
  };
}

/** Waits until the master says that the node connected; the words of ssh itself are all that is on this stderr. */
function forwarded(child: ChildProcess, ending: (log: string, exitCode: number | null) => Promise<Ending>): Promise<Ending | 'open'> {
  return new Promise((resolve) => {
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      if (said.length < LOG_CAP) said += chunk.toString('utf8');
      if (/mux_client_request_stdio_fwd: master session id/.test(said)) resolve('open');
    });
    child.once('error', () => resolve('not-sent'));
    child.once('close', (code) => void ending(said, code ?? 255).then(resolve));
  });
}

function asDuplex(child: ChildProcess): Duplex {
  const { stdin, stdout } = child;
  if (!stdin || !stdout) throw new Error('a command is spawned with pipes');
  stdin.on('error', () => {});
  const duplex = new Duplex({
    allowHalfOpen: true,
    read: () => void stdout.resume(),
    write: (chunk, _encoding, done) => void stdin.write(chunk, done),
    final: (done) => {
      stdin.end();
      done();
    },
    destroy: (error, done) => {
      child.kill('SIGKILL');
      done(error);
    },
  });
  stdout.on('data', (chunk) => {
    if (!duplex.push(chunk)) stdout.pause();
  });
  stdout.on('end', () => duplex.push(null));
  return duplex;
}
