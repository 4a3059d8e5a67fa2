import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import type { Clock } from '#server/kernel/clock.ts';
import { type HeadroomError, isHeadroomError } from '#server/kernel/errors.ts';
import type { Log } from '#server/kernel/log.ts';
import { within } from './deadline.ts';
import { connectFailed, jumpKeyWrong, timedOut } from './failures.ts';
import { fingerprintOf, type HostKeys } from './host-keys.ts';
import { createAgent } from './openssh-agent.ts';
import { runShort, spawnBound } from './openssh-bound.ts';
import {
  algorithmsOf,
  configText,
  JUMP,
  knownHostsLine,
  NODE,
  openPlace,
  parseJump,
  readScanned,
  type SessionPlace,
} from './openssh-place.ts';
import { createOpenSshSession } from './openssh-session.ts';
import type { Session } from './session.ts';
import type { SshTarget } from './types.ts';
import { firstAnswering, type Lookup, vetted } from './where.ts';

const CERTIFICATE = 'certificate.pub';
/** In the order in which a server's keys are asked for, when its pinned key is known by fingerprint only. */
const KEY_TYPES = ['ssh-ed25519', 'ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521', 'rsa-sha2-512,rsa-sha2-256'];

export type OpenSsh = ReturnType<typeof createOpenSsh>;

/** Sessions of the system's ssh: one master per node, whose socket all commands go through. */
export function createOpenSsh(deps: {
  dir: string;
  identity: () => Promise<string>;
  /** a certificate that an authority gave for the identity, as OpenSSH writes it; null: none */
  certificate: () => Promise<string | null>;
  hostKeys: HostKeys;
  clock: Clock;
  log: Log;
  lookup?: Lookup | undefined;
}) {
  const { hostKeys } = deps;
  const place = openPlace(deps.dir);
  const agent = createAgent({ place, identity: deps.identity });
  /** keys of jump hosts that were checked, by fingerprint */
  const jumpKeys = new Map<string, Buffer>();
  const write = (name: string, text: string) => fs.writeFileSync(path.join(place.dir, name), text, { mode: 0o600 });

  /** The key that a server offers. Nothing is sent but a user name. */
  async function scan(
    at: SessionPlace,
    alias: string,
    algorithms: string | null,
    ms: number,
  ): Promise<{ key: Buffer | null; stderr: string }> {
    const only = [
      'PreferredAuthentications=none',
      'StrictHostKeyChecking=accept-new',
      `UserKnownHostsFile=${at.scanned}`,
      'HashKnownHosts=no',
    ];
    const options = [...only, ...(algorithms ? [`HostKeyAlgorithms=${algorithms}`] : [])].flatMap((option) => ['-o', option]);
    const { stderr } = await runShort(['ssh', '-F', at.config, ...options, '-N', alias], { cwd: place.dir, ms });
    const file = path.join(place.dir, at.scanned);
    const key = fs.existsSync(file) ? readScanned(fs.readFileSync(file, 'utf8'), alias) : null;
    fs.rmSync(file, { force: true });
    return { key, stderr };
  }

  async function jumpKey(target: SshTarget, at: SessionPlace, left: () => number): Promise<Buffer | null> {
    if (!target.proxyJump) return null;
    const known = target.proxyJumpKey ? jumpKeys.get(target.proxyJumpKey) : undefined;
    if (known) return known;
    let offered: string | null = null;
    for (const type of target.proxyJumpKey ? KEY_TYPES : [null]) {
      const { key, stderr } = await scan(at, JUMP, type, left());
      if (key && fingerprintOf(key) === target.proxyJumpKey) {
        jumpKeys.set(target.proxyJumpKey, key);
        return key;
      }
      if (key) offered ??= fingerprintOf(key);
      else if (!/no matching host key type/.test(stderr)) throw masterFailed(target, stderr);
    }
    throw jumpKeyWrong(target, target.proxyJump, target.proxyJumpKey ?? null, offered);
  }

  /** The pinned key, or the refusal that says why there is none to trust. */
  async function nodeKey(target: SshTarget, at: SessionPlace, left: () => number): Promise<Buffer> {
    const kept = await hostKeys.pinnedKey(target.id);
    if (kept) return kept;
    const { pinned } = await hostKeys.state(target.id);
    let first: Buffer | null = null;
    for (const type of pinned === null ? [null] : KEY_TYPES) {
      const { key, stderr } = await scan(at, NODE, type, left());
      if (!key && /no matching host key type/.test(stderr)) continue;
      if (!key) throw masterFailed(target, stderr);
      first ??= key;
      if (pinned !== null && fingerprintOf(key) !== pinned) continue;
      first = key;
      break;
    }
    if (!first) throw connectFailed(target, new Error('it offers no host key of a known type'), 0);
    const refusal = await hostKeys.verify(target, first);
    if (refusal) throw refusal;
    return first;
  }

  /** What ssh is told to connect to: an address that was looked at. The host keys stand under names of ours (HostKeyAlias). */
  async function addressFor(target: SshTarget, { host, port }: { host: string; port: number }, left: () => number, timeoutMs: number) {
    const found = vetted(target, host, deps.lookup).then((addresses) => firstAnswering({ host, port, addresses }));
    try {
      return await within(found, { ms: left(), onTimeout: () => timedOut(target, timeoutMs) });
    } catch (error) {
      throw isHeadroomError(error) ? error : connectFailed(target, error, timeoutMs);
    }
  }

  async function start(target: SshTarget, at: SessionPlace, until: number, timeoutMs: number): Promise<Session> {
    const left = () => Math.max(1, until - performance.now());
    const certificate = await deps.certificate();
    if (certificate !== null) write(CERTIFICATE, certificate);
    const jump = target.proxyJump ? parseJump(target.proxyJump, target.user) : null;
    // Its name is the jump host's to look up; an address is an address.
    if (jump && net.isIP(target.host)) await vetted(target, target.host);
    const host = await addressFor(target, jump ?? { host: target.host, port: target.sshPort }, left, timeoutMs);
    const hops = jump ? { node: target, jump: { ...jump, host } } : { node: { ...target, host }, jump };
    write(at.config, configText(hops.node, { jump: hops.jump, place: at, certificate: certificate === null ? null : CERTIFICATE }));
    write(at.knownHosts, '');
    const throughKey = await jumpKey(target, at, left);
    if (throughKey) write(at.knownHosts, knownHostsLine(JUMP, throughKey));
    // the jump host asks for our key already when the node's is looked at
    await agent.ready();
    const key = await nodeKey(target, at, left);
    write(at.knownHosts, `${knownHostsLine(NODE, key)}${throughKey ? knownHostsLine(JUMP, throughKey) : ''}`);

    const options = ['PermitLocalCommand=yes', 'LocalCommand=echo ready', `HostKeyAlgorithms=${algorithmsOf(key)}`];
    const words = ['ssh', '-F', at.config, ...options.flatMap((option) => ['-o', option]), '-M', '-N', '-S', at.socket, NODE];
    const master = spawnBound(words, place.dir);
    let stderr = '';
    master.child.stderr?.on('data', (chunk: Buffer) => {
      if (stderr.length < 16_384) stderr += chunk.toString('utf8');
    });
    const ready = new Promise<boolean>((resolve) => {
      master.child.stdout?.once('data', () => resolve(true));
      void master.gone.then(() => resolve(false));
    });
    try {
      const up = await within(ready, { ms: left(), onTimeout: () => timedOut(target, timeoutMs) });
      if (!up) throw await refused(target, at, stderr, left);
    } catch (error) {
      master.end();
      throw error;
    }
    const fingerprint = fingerprintOf(key);
    return createOpenSshSession({ target, place, at, clock: deps.clock, fingerprint, master: { ...master, said: () => stderr } });
  }

  /** A key that differs from the pinned one is fetched, so that the person who decides sees it and the node is blocked. */
  async function refused(target: SshTarget, at: SessionPlace, stderr: string, left: () => number): Promise<HeadroomError> {
    if (!/Host key verification failed|IDENTIFICATION HAS CHANGED|no matching host key type/i.test(stderr))
      return masterFailed(target, stderr);
    const { key } = await scan(at, NODE, null, left());
    return (key && (await hostKeys.verify(target, key))) ?? masterFailed(target, stderr);
  }

  return {
    async dial(target: SshTarget, timeoutMs: number): Promise<Session> {
      const at = place.session();
      const until = performance.now() + timeoutMs;
      try {
        return await start(target, at, until, timeoutMs);
      } catch (error) {
        at.remove();
        throw isHeadroomError(error) ? error : masterFailed(target, error instanceof Error ? error.message : String(error));
      }
    },
    async close(): Promise<void> {
      await agent.close();
      fs.rmSync(place.dir, { recursive: true, force: true });
    },
  };

  function masterFailed(target: SshTarget, stderr: string): HeadroomError {
    const lines = stderr.split('\n').filter((line) => line.trim() !== '');
    deps.log.debug({ node: target.name, stderr: lines.slice(0, 5) }, 'ssh did not connect');
    const words =
      lines.find(
        (line) => !/^(Connection closed by UNKNOWN|kex_exchange_identification|\*\* WARNING|Warning: Permanently added)/.test(line),
      ) ??
      lines[0] ??
      'ssh ended without a word';
    const code = CODES.find(([pattern]) => pattern.test(stderr))?.[1];
    if (code === 'timeout' || stderr === '') return timedOut(target, 10_000);
    if (code === 'auth') return connectFailed(target, { level: 'client-authentication' }, 0);
    return connectFailed(target, Object.assign(new Error(words.replace(/^ssh: /, '')), code === undefined ? {} : { code }), 10_000);
  }
}

/** What ssh prints → what ssh2 would have said. */
const CODES: [pattern: RegExp, code: string][] = [
  [/Permission denied|Too many authentication failures/, 'auth'],
  [/timed out|not responding/i, 'timeout'],
  [/Connection refused/, 'ECONNREFUSED'],
  [/No route to host/, 'EHOSTUNREACH'],
  [/Network is unreachable/, 'ENETUNREACH'],
  [/Name or service not known|nodename nor servname/, 'ENOTFOUND'],
  [/Temporary failure in name resolution/, 'EAI_AGAIN'],
  [/Connection reset by peer/, 'ECONNRESET'],
];
