import { HeadroomError } from '#server/kernel/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import type { SshTarget } from './types.ts';

// Every way in which reaching a node fails, as one sentence with the cause in it.

export const addressOf = (t: SshTarget): string =>
  `${t.host.includes(':') ? `[${t.host}]` : t.host}:${t.sshPort}${t.proxyJump ? ` through ${t.proxyJump}` : ''}`;

const seconds = (ms: number): string => `${Math.max(1, Math.round(ms / 1000))} s`;

export const timedOut = (t: SshTarget, ms: number, during?: string): HeadroomError =>
  new HeadroomError('ssh.timeout', `SSH to ${addressOf(t)} did not answer within ${seconds(ms)}${during ? ` (${during})` : ''}`);

export const stillRunning = (t: SshTarget, ms: number, command: string): HeadroomError =>
  new HeadroomError('ssh.timeout', `SSH to ${addressOf(t)}: "${command}" was not done within ${seconds(ms)}`);

export const keyUnknown = (t: SshTarget, offered: string): HeadroomError =>
  new HeadroomError(
    'ssh.host-key-unknown',
    `The host key of ${t.name} is not approved yet: it offered ${offered}; compare it with \`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\` on the node, then approve it`,
  );

export const keyChanged = (t: SshTarget, pinned: string, offered: string | null): HeadroomError =>
  new HeadroomError(
    'ssh.host-key-changed',
    `The host key of ${t.name} changed: pinned ${pinned}, offered ${offered ?? 'another one'}; nothing is sent to it until someone pins the new key with a reason`,
  );

export const jumpKeyWrong = (t: SshTarget, jump: string, wanted: string | null, offered: string | null): HeadroomError =>
  wanted === null
    ? new HeadroomError(
        'ssh.host-key-unknown',
        `The host key of the jump host ${jump} of ${t.name} is not given: it offered ${offered ?? 'none'}; compare it on the jump host, then set proxyJumpKey to it`,
      )
    : new HeadroomError(
        'ssh.host-key-changed',
        `The jump host ${jump} of ${t.name} offered ${offered ?? 'another host key'}: proxyJumpKey is ${wanted}; nothing is sent through it`,
      );

export const sessionLost = (t: SshTarget, during: string, cause?: unknown): HeadroomError =>
  new HeadroomError('ssh.unreachable', `The SSH session to ${addressOf(t)} ended while ${during}`, { cause });

const CAUSES: Record<string, string> = {
  ECONNREFUSED: 'was refused: nothing listens on that port',
  ECONNRESET: 'was cut by the other side',
  EHOSTUNREACH: 'failed: no route to that host',
  ENETUNREACH: 'failed: that network cannot be reached',
  ENOTFOUND: 'failed: that host name is not known',
  EAI_AGAIN: 'failed: the name server did not answer',
  EMFILE: 'failed: the console has no free file descriptors',
};

/** What ssh2 says when connecting fails. */
export function connectFailed(t: SshTarget, error: unknown, timeoutMs: number): HeadroomError {
  const { level, code, message } = errorFields(error);
  const made = (errorCode: ErrorCode, words: string) => new HeadroomError(errorCode, words, { cause: error });
  if (level === 'client-timeout' || code === 'ETIMEDOUT') return timedOut(t, timeoutMs);
  if (level === 'client-authentication')
    return made(
      'ssh.auth-failed',
      `SSH to ${addressOf(t)}: the account ${t.user} refused our key; append the console's public key (Settings, Nodes and SSH) to ~${t.user}/.ssh/authorized_keys on ${t.name}`,
    );
  const known = code === undefined ? undefined : CAUSES[code];
  if (known) return made('ssh.unreachable', `SSH to ${addressOf(t)} ${known}`);
  return made('ssh.unreachable', `SSH to ${addressOf(t)} failed: ${message}`);
}

export function channelFailed(t: SshTarget, error: unknown, what: string): HeadroomError {
  return new HeadroomError('ssh.command-failed', `SSH to ${addressOf(t)}: ${t.name} refused ${what}: ${errorFields(error).message}`, {
    cause: error,
  });
}

function errorFields(error: unknown): { level: string | undefined; code: string | undefined; message: string } {
  const fields: Record<string, unknown> = typeof error === 'object' && error !== null ? { ...error } : {};
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  const message = error instanceof Error ? error.message : String(error);
  return { level: text(fields.level), code: text(fields.code), message: message.replace(/[^\x20-\x7e]/g, ' ').slice(0, 200) };
}
