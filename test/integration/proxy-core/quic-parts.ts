import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { freePort } from '#test/support/free-port.ts';
import { until } from '#test/support/until.ts';
import { type RunningProxy, run, SSL, startProxy, type suiteOwner, tempDir } from './harness.ts';

export const CADDY = '/usr/bin/caddy';
export const NGTCP2_CLIENT = '/usr/bin/gtlsclient';
export const NGTCP2_SERVER = '/usr/sbin/gtlsserver';

type Owner = Parameters<typeof tempDir>[0] & ReturnType<typeof suiteOwner>;
export type QuicProxy = RunningProxy & { quicPort: number };

/** A proxy that listens for QUIC on one port, of the system's choice by default. */
export async function startQuicProxy(
  owner: Owner,
  config: string,
  { quicPort = 0, ...options }: Parameters<typeof startProxy>[2] & { quicPort?: number } = {},
): Promise<QuicProxy> {
  const proxy = await startProxy(owner, `udp_listen_addrs: ["127.0.0.1:${quicPort}"]\n${config}`, options);
  const line = await until('it listens for QUIC', () =>
    proxy.output.stdout.split('\n').find((text) => text.includes('"listening for QUIC"') && text.endsWith('}')),
  );
  return { ...proxy, quicPort: Number(String(JSON.parse(line).address).split(':').at(-1)) };
}

/** A key and a self-signed certificate, and what Chromium calls it by. */
export function quicCertificate(owner: Owner, names: readonly string[]): { key: string; cert: string; spki: string } {
  const dir = tempDir(owner);
  const [key, cert] = [path.join(dir, 'key.pem'), path.join(dir, 'cert.pem')];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=quic', '-days', '2'];
  const alternatives = names.map((name) => `DNS:${name}`).join();
  execFileSync(SSL, [...made, '-addext', `subjectAltName=${alternatives}`, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const spki = new X509Certificate(fs.readFileSync(cert)).publicKey.export({ type: 'spki', format: 'der' });
  return { key, cert, spki: createHash('sha256').update(spki).digest('base64') };
}

/** Debian's caddy, serving a folder for some names by HTTP/3 (and by HTTP/2 on TCP). */
export async function startCaddy(owner: Owner, site: { names: readonly string[]; root: string; key: string; cert: string; body?: string }) {
  const dir = tempDir(owner);
  const port = await freePort();
  const hosts = site.names.map((name) => `https://${name}:${port}`).join(', ');
  const answer = site.body === undefined ? '' : `respond /whoami "${site.body}"\n`;
  const options = 'admin off\nauto_https off\ndefault_bind 127.0.0.1\nservers {\nprotocols h1 h2 h3\n}';
  fs.writeFileSync(
    path.join(dir, 'Caddyfile'),
    `{\n${options}\n}\n${hosts} {\ntls ${site.cert} ${site.key}\nroot * ${site.root}\n${answer}file_server\n}\n`,
  );
  const child = spawn(CADDY, ['run', '--config', path.join(dir, 'Caddyfile'), '--adapter', 'caddyfile'], {
    stdio: 'ignore',
    env: { ...process.env, HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir },
  });
  const server = owned(owner, child);
  await until('caddy listens', () => listensOnUdp(port), { timeoutMs: 20_000 });
  return { ...server, port };
}

/** The server of ngtcp2's examples: it moves with its clients, asks for a Retry and leaves versions that it does not know. */
export async function startNgtcp2(owner: Owner, site: { root: string; key: string; cert: string }, flags: readonly string[] = []) {
  const port = await freePort();
  const child = spawn(NGTCP2_SERVER, ['-q', '-d', site.root, ...flags, '127.0.0.1', String(port), site.key, site.cert], {
    stdio: 'ignore',
  });
  const server = owned(owner, child);
  await until('the server listens', () => listensOnUdp(port), { timeoutMs: 20_000 });
  return { ...server, port };
}

function owned(owner: Owner, child: ChildProcess) {
  const gone = once(child, 'exit');
  const stop = async (signal: NodeJS.Signals = 'SIGKILL') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await gone;
  };
  owner.after(() => stop());
  return { child, stop };
}

/** Whether somebody on this machine has a UDP socket on the port, by /proc/net. */
const listensOnUdp = (port: number): boolean => {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  return ['/proc/net/udp', '/proc/net/udp6'].some((file) =>
    fs
      .readFileSync(file, 'latin1')
      .split('\n')
      .some((line) => line.trim().split(/\s+/)[1]?.concat(' ').endsWith(wanted)),
  );
};

/**
 * Fetches a file with ngtcp2's client, which asks for the name "localhost" at a numeric address, and returns what it got; null when it got nothing. It is given
 * `seconds` and ended then.
 */
export async function fetchByQuic(
  owner: Owner,
  port: number,
  file: string,
  { flags = [], seconds = 20 }: { flags?: readonly string[]; seconds?: number } = {},
): Promise<Buffer | null> {
  const dir = tempDir(owner);
  const common = ['-q', '--exit-on-all-streams-close', `--download=${dir}`, ...flags];
  await run('/usr/bin/timeout', [String(seconds), NGTCP2_CLIENT, ...common, '127.0.0.1', String(port), `https://localhost/${file}`]);
  const target = path.join(dir, file);
  return fs.existsSync(target) ? fs.readFileSync(target) : null;
}

export const sha256 = (bytes: Uint8Array | null): string => (bytes === null ? 'nothing' : createHash('sha256').update(bytes).digest('hex'));
