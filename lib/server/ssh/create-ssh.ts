import { randomUUID } from 'node:crypto';
import net from 'node:net';
import type { Db } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import type { Log } from '#server/kernel/log.ts';
import { isCatalogued } from './catalogue.ts';
import { connect } from './connect.ts';
import { within } from './deadline.ts';
import { sessionLost, timedOut } from './failures.ts';
import { createHostKeys } from './host-keys.ts';
import { createOpenSsh, type OpenSsh } from './openssh-dial.ts';
import { createSession, NotSent, type Session } from './session.ts';
import type { Ssh, SshTarget } from './types.ts';
import { type Lookup, vetted } from './where.ts';

const CONNECT_MS = 10_000;
/** A server that accepts a command and says nothing for this long hangs. */
const SILENCE_MS = 10_000;
const IDLE_MS = 5 * 60_000;
const SWEEP_MS = 30_000;
/** Warm sessions in all; over it the one that was idle longest goes. */
const MOST_SESSIONS = 1200;
/** Handshakes at a time: each costs a few ms of CPU here and more on the node. */
const MOST_HANDSHAKES = 64;

/** Of the system's ssh: its private folder, and the certificate of the console's key where there is one. */
export type OpenSshOptions = { dir: string; certificate?: () => Promise<string | null>; lookup?: Lookup };

type Slot = { session: Session | null; connecting: Promise<Session> | null };

export function createSsh(deps: { db: Db; identity: () => Promise<string>; clock: Clock; log: Log; openssh?: OpenSshOptions }): Ssh {
  const { clock, log } = deps;
  const hostKeys = createHostKeys(deps);
  let openssh: OpenSsh | null = null;
  const slots = new Map<string, Slot>();
  const waiting: (() => void)[] = [];
  let handshakes = 0;
  let closed = false;

  const sweep = setInterval(() => {
    for (const [key, slot] of slots) {
      if (slot.session && (!slot.session.usable() || slot.session.idleMs() > IDLE_MS)) drop(slot);
      if (!slot.session && !slot.connecting) slots.delete(key);
    }
  }, SWEEP_MS);
  sweep.unref();

  function drop(slot: Slot) {
    slot.session?.retire();
    slot.session = null;
  }

  function makeRoom() {
    const open = [...slots.values()].flatMap((slot) => (slot.session ? [{ slot, idleMs: slot.session.idleMs() }] : []));
    if (open.length < MOST_SESSIONS) return;
    const longest = open.reduce((a, b) => (b.idleMs > a.idleMs ? b : a));
    drop(longest.slot);
  }

  async function dial(target: SshTarget): Promise<Session> {
    while (handshakes >= MOST_HANDSHAKES) await new Promise<void>((resolve) => waiting.push(resolve));
    handshakes++;
    const startedAt = performance.now();
    try {
      const session = await (target.transport === 'openssh' ? viaOpenSsh(target) : viaSsh2(target));
      log.debug({ node: target.name, ms: Math.round(performance.now() - startedAt) }, 'ssh session opened');
      if (closed) {
        session.destroy();
        throw sessionLost(target, 'the console was stopping');
      }
      return session;
    } finally {
      handshakes--;
      waiting.shift()?.();
    }
  }

  async function viaSsh2(target: SshTarget): Promise<Session> {
    const privateKey = await deps.identity();
    const connection = await connect({ target, hostKeys, privateKey, timeoutMs: CONNECT_MS });
    return createSession({ target, connection, clock });
  }

  function viaOpenSsh(target: SshTarget): Promise<Session> {
    if (!deps.openssh) throw new Error('the transport openssh has no folder here');
    const { dir, certificate = async () => null, lookup } = deps.openssh;
    openssh ??= createOpenSsh({ dir, certificate, lookup, identity: deps.identity, hostKeys, clock, log });
    return openssh.dial(target, CONNECT_MS);
  }

  async function acquire(target: SshTarget, ms: number, signal?: AbortSignal): Promise<Session> {
    if (closed) throw sessionLost(target, 'the console was stopping');
    const key = JSON.stringify([
      target.id,
      target.host,
      target.sshPort,
      target.user,
      target.transport,
      target.proxyJump,
      target.proxyJumpKey,
    ]);
    const slot = slots.get(key) ?? { session: null, connecting: null };
    slots.set(key, slot);
    if (slot.session) {
      // a key that was pinned since ends the session that was opened under the old one
      const { pinned } = await hostKeys.state(target.id);
      if (slot.session?.usable() && slot.session.fingerprint === pinned) return slot.session;
      drop(slot);
    }
    if (!slot.connecting) {
      slot.connecting = hostKeys.refusal(target).then((refusal) => {
        if (refusal) throw refusal;
        makeRoom();
        return dial(target);
      });
      slot.connecting
        .then((session) => {
          slot.session = session;
        })
        .catch((error) => log.debug({ node: target.name, err: error }, 'ssh session not opened'))
        .finally(() => {
          slot.connecting = null;
        });
    }
    return within(slot.connecting, { ms, signal, onTimeout: () => timedOut(target, ms) });
  }

  /** A warm session may have died unseen: what was not sent goes over a fresh one, once. */
  async function using<T>(
    target: SshTarget,
    ms: number,
    signal: AbortSignal | undefined,
    use: (session: Session, ms: number) => Promise<T>,
  ) {
    const until = performance.now() + ms;
    for (let again = true; ; again = false) {
      const session = await acquire(target, until - performance.now(), signal);
      try {
        return await use(session, until - performance.now());
      } catch (error) {
        if (!(error instanceof NotSent)) throw error;
        session.retire();
        if (!again) throw sessionLost(target, 'a command was about to be sent', error);
      }
    }
  }

  return {
    async exec(target, command, options = {}) {
      if (!isCatalogued(command)) throw new Error('only commands of the catalogue are run');
      const id = randomUUID();
      const [at, startedAt] = [clock.now(), performance.now()];
      const timeoutMs = options.timeoutMs ?? command.timeoutMs;
      const { firstAt, exitCode, cut, stdout, stderr, raw, sha256 } = await using(target, timeoutMs, options.signal, (session, ms) =>
        session.run(command, { ms, silenceMs: Math.min(SILENCE_MS, ms), signal: options.signal, output: options.onOutput }),
      );
      const durationMs = Math.round(performance.now() - startedAt);
      log.debug({ id, node: target.name, command: command.name, exitCode, durationMs }, 'ssh command');
      const receipt = { command: command.readable, exitCode, raw, sha256, at, durationMs };
      return { exitCode, stdout, stderr, cut, firstOutputAt: firstAt, receipt };
    },
    openTcp: async (target, to, options = {}) => {
      // What a name is, the node knows; an address is the same from everywhere, and a node's own credentials are nothing to read.
      if (net.isIP(to.host)) await vetted(target, to.host);
      return using(target, options.timeoutMs ?? CONNECT_MS, undefined, (session, ms) => session.openTcp(to, ms));
    },
    hostKey: (nodeId) => hostKeys.state(nodeId),
    hostKeys: () => hostKeys.states(),
    sessions: () => [...slots.values()].filter((slot) => slot.session?.usable()).length,
    async close() {
      closed = true;
      clearInterval(sweep);
      for (const slot of slots.values()) slot.session?.destroy();
      await Promise.allSettled([...slots.values()].flatMap((slot) => (slot.connecting ? [slot.connecting] : [])));
      slots.clear();
      await openssh?.close();
    },
  };
}
