import fs from 'node:fs';
import path from 'node:path';
import type { SshTarget } from './types.ts';

// The private folder in which the system's ssh works. Its programs run in it and name everything relatively: a socket's path may hold
// 107 bytes only, and the data directory may be deep.

export const AGENT = 'agent';
export const NODE = 'headroom-node';
export const JUMP = 'headroom-jump';

export type Place = { dir: string /** of one session, relative to `dir` */; session(): SessionPlace };
export type SessionPlace = { config: string; knownHosts: string; socket: string; scanned: string; log(n: number): string; remove(): void };

/** Removes what a console that was killed left behind. */
export function openPlace(dir: string): Place {
  fs.rmSync(dir, { recursive: true, force: true });
  fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
  fs.chmodSync(dir, 0o700);
  let made = 0;
  return {
    dir,
    session() {
      const name = `${++made}`;
      fs.mkdirSync(path.join(dir, name), { mode: 0o700 });
      return {
        config: `${name}/config`,
        knownHosts: `${name}/known_hosts`,
        socket: `${name}/s`,
        scanned: `${name}/scanned`,
        // beside the folder: it is read after the master took that with it
        log: (n) => `${name}-${n}.log`,
        remove: () => fs.rmSync(path.join(dir, name), { recursive: true, force: true }),
      };
    },
  };
}

export type Hop = { host: string; port: number; user: string };

/** `[user@]host[:port]` of the registry's schema. */
export function parseJump(text: string, user: string): Hop {
  const at = text.indexOf('@');
  const address = text.slice(at + 1);
  const match = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(address);
  const host = (match?.[1] ?? address).replace(/^\[|\]$/g, '');
  return { host, port: Number(match?.[2] ?? 22), user: at > 0 ? text.slice(0, at) : user };
}

/** Everything is said here: the operator's and the machine's own ssh_config are not read (`-F`). */
export function configText(target: SshTarget, o: { jump: Hop | null; place: SessionPlace; certificate: string | null }): string {
  const block = (alias: string, hop: Hop, more: readonly string[]) => [
    `Host ${alias}`,
    // % starts a token in HostName; the zone of an address has one
    `  HostName ${hop.host.replaceAll('%', '%%')}`,
    `  Port ${hop.port}`,
    `  User ${hop.user}`,
    `  HostKeyAlias ${alias}`,
    ...more.map((line) => `  ${line}`),
  ];
  const node = { host: target.host, port: target.sshPort, user: target.user };
  return [
    ...block(NODE, node, o.jump ? [`ProxyJump ${JUMP}`] : []),
    ...(o.jump ? block(JUMP, o.jump, []) : []),
    'Host *',
    '  StrictHostKeyChecking yes',
    `  UserKnownHostsFile ${o.place.knownHosts}`,
    '  GlobalKnownHostsFile /dev/null',
    '  UpdateHostKeys no',
    '  VerifyHostKeyDNS no',
    '  CheckHostIP no',
    `  IdentityAgent ${AGENT}`,
    '  IdentityFile none',
    ...(o.certificate ? [`  CertificateFile ${o.certificate}`] : []),
    '  PreferredAuthentications publickey',
    '  BatchMode yes',
    '  ForwardAgent no',
    '  ForwardX11 no',
    '  RequestTTY no',
    '  TCPKeepAlive yes',
    '  ServerAliveInterval 3',
    '  ServerAliveCountMax 2',
    // at ERROR it would not say that a server stopped answering or has no key of the pinned type
    '  LogLevel INFO',
    '',
  ].join('\n');
}

/** One line of known_hosts; a key names its own type. */
export function knownHostsLine(alias: string, key: Buffer): string {
  return `${alias} ${keyType(key)} ${key.toString('base64')}\n`;
}

export const keyType = (key: Buffer): string => key.toString('latin1', 4, 4 + key.readUInt32BE(0));

/** What a server of this key signs with; an RSA key has newer signatures than its name says. */
export const algorithmsOf = (key: Buffer): string => {
  const type = keyType(key);
  return type === 'ssh-rsa' ? 'rsa-sha2-512,rsa-sha2-256' : type;
};

/** Keys that ssh itself wrote down, by alias. */
export function readScanned(text: string, alias: string): Buffer | null {
  for (const line of text.split('\n')) {
    const [host, , blob] = line.split(' ');
    if (host === alias && blob) return Buffer.from(blob, 'base64');
  }
  return null;
}
