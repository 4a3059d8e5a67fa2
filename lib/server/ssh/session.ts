import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { ClientChannel } from 'ssh2';
import type { Clock } from '#server/kernel/clock.ts';
import { isHeadroomError } from '#server/kernel/errors.ts';
import type { Command } from './catalogue.ts';
import type { Connection } from './connect.ts';
import { afterReading, within } from './deadline.ts';
import { channelFailed, sessionLost, stillRunning, timedOut } from './failures.ts';
import { type ChannelResult, type CommandChannel, gather } from './run-channel.ts';
import { createTurns } from './turns.ts';
import type { SshTarget } from './types.ts';

export type RunOptions = { ms: number; silenceMs: number; signal: AbortSignal | undefined; output: ((text: string) => void) | undefined };

/** One verified connection with several commands on it, whatever carries it. */
export type Session = {
  /** of the host key that was verified */
  fingerprint: string;
  usable(): boolean;
  idleMs(): number;
  /** no new command; what runs is given a little time */
  retire(): void;
  destroy(): void;
  /** Rejects with `NotSent` when the session was gone before the command left, so that it can go over another one. */
  run(command: Command, options: RunOptions): Promise<ChannelResult & { firstAt: number | null }>;
  openTcp(to: { host: string; port: number }, ms: number): Promise<Duplex>;
};

/** It is used until it breaks or misses a deadline, then never again. */
export function createSession({ target, connection, clock }: { target: SshTarget; connection: Connection; clock: Clock }): Session {
  const { client } = connection;
  let open = true;
  let broke: unknown;
  const turns = createTurns({ target, open: () => open, destroy: () => client.destroy() });
  const { take, give, retire } = turns;

  client.setMaxListeners(32);
  client.on('error', (error) => {
    broke = error;
    // ssh2 may leave the socket half open after an error
    client.destroy();
  });
  client.once('close', () => {
    open = false;
    turns.wake();
  });

  const lost = (during: string) => {
    const dead = typeof broke === 'object' && broke !== null && 'level' in broke && broke.level === 'client-timeout';
    return dead ? timedOut(target, 9000, `no answer to three keepalives while ${during}`) : sessionLost(target, during, broke);
  };
  /** `use` gets the channel in the very call that opens it: with a quick command its exit is in the same packet. */
  const opening = <T>(start: (done: Opened) => void, use: (channel: ClientChannel) => T | Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      const onClose = () => reject(lost('a channel was opened'));
      client.once('close', onClose);
      try {
        start((error, channel) => {
          client.removeListener('close', onClose);
          if (error) reject(error);
          else resolve(use(channel));
        });
      } catch (error) {
        client.removeListener('close', onClose);
        reject(error);
      }
    });

  return {
    fingerprint: connection.fingerprint,
    usable: turns.usable,
    idleMs: turns.idleMs,
    retire,
    destroy: () => client.destroy(),

    async run(command, options) {
      const until = performance.now() + options.ms;
      const silenceMs = Math.min(options.silenceMs, options.ms);
      let channel: ClientChannel | undefined;
      let firstAt: number | null = null;
      await take(silenceMs, options.signal);
      let quiet: { cancel(): void } | undefined;
      try {
        if (!turns.usable()) throw new NotSent();
        const silent = new Promise<never>((_, reject) => {
          quiet = afterReading(silenceMs, () => reject(timedOut(target, silenceMs)));
        });
        const first = () => {
          firstAt = clock.now();
          quiet?.cancel();
        };
        const begin = (tries: number): Promise<ChannelResult> =>
          opening(
            (done) => client.exec(command.text, done),
            (opened) => {
              channel = opened;
              return gather(ssh2Channel(opened), command, { output: options.output, first });
            },
          ).catch(async (error) => {
            if (isNotConnected(error)) throw new NotSent();
            if (!isFull(error) || tries === 1) throw refused(error, `to run "${command.readable}"`);
            await pause(FULL_MS);
            return begin(tries - 1);
          });
        const answered = begin(FULL_TRIES);
        const result = await within(Promise.race([answered, silent]), {
          ms: until - performance.now(),
          signal: options.signal,
          onTimeout: () => stillRunning(target, options.ms, command.readable),
        });
        if (!result.ended) throw lost(`"${command.readable}" ran`);
        return { ...result, firstAt };
      } catch (error) {
        if (!(error instanceof NotSent) && !options.signal?.aborted) retire();
        channel?.close();
        throw error;
      } finally {
        quiet?.cancel();
        give();
      }
    },

    async openTcp(to, ms) {
      await take(ms);
      let held = true;
      const free = () => {
        if (held) give();
        held = false;
      };
      try {
        if (!turns.usable()) throw new NotSent();
        const channel = await within(
          opening(
            (done) => client.forwardOut('127.0.0.1', 0, to.host, to.port, done),
            (opened) => opened.once('close', free),
          ).catch((error) => {
            throw isNotConnected(error) ? new NotSent() : refused(error, `a connection to ${to.host}:${to.port}`);
          }),
          { ms, onTimeout: () => timedOut(target, ms, `a connection to ${to.host}:${to.port} was asked for`) },
        );
        return channel;
      } catch (error) {
        if (isTimeout(error)) retire();
        free();
        throw error;
      }
    },
  };

  function refused(error: unknown, what: string) {
    return isHeadroomError(error) ? error : channelFailed(target, error, what);
  }
}

/**
 * sshd refuses a channel over its MaxSessions, and counts one for a moment after it told its end. What it refuses was never begun. 2 s in all, unless
 * the command's own time is over before.
 */
const FULL_TRIES = 20;
const FULL_MS = 100;
/** RFC 4254 5.1: SSH_OPEN_CONNECT_FAILED, which OpenSSH gives as "open failed", and SSH_OPEN_RESOURCE_SHORTAGE. */
const FULL_REASONS: readonly unknown[] = [2, 4];
const isFull = (error: unknown): boolean => error instanceof Error && 'reason' in error && FULL_REASONS.includes(error.reason);

type Opened = (error: Error | undefined, channel: ClientChannel) => void;

/** The session ended before the command was sent. */
export class NotSent extends Error {}

const isTimeout = (error: unknown): boolean => isHeadroomError(error) && error.code === 'ssh.timeout';
const isNotConnected = (error: unknown): boolean => error instanceof Error && error.message === 'Not connected';

const ssh2Channel = (channel: ClientChannel): CommandChannel => ({
  stdout: channel,
  stderr: channel.stderr,
  stdin: channel,
  onExit: (listener) => channel.on('exit', listener),
  onClose: (listener) => channel.on('close', listener),
  close: () => channel.close(),
});
