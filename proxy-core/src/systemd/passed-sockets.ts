import fs from 'node:fs';
import type { HostPort } from '../contract/addresses.ts';
import { messageOf, StartError } from '../errors.ts';

/** An open socket that the service manager made: it outlives this process, and so does its queue of clients. */
export type PassedSocket = { fd: number; name: string; kind: 'stream' | 'datagram'; address: HostPort };

/** Descriptors are passed from here on (SD_LISTEN_FDS_START). */
const FIRST_FD = 3;
const MAX_FDS = 1024;

/**
 * Socket activation as sd_listen_fds(3) has it: LISTEN_PID must be this process, LISTEN_FDS counts the sockets, LISTEN_FDNAMES names them
 * with colons between. The three are taken out of `env`, so that children do not take the sockets for theirs. Throws StartError.
 */
export function takePassedSockets(env: Record<string, string | undefined>, pid: number = process.pid): PassedSocket[] {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES } = env;
  delete env.LISTEN_PID;
  delete env.LISTEN_FDS;
  delete env.LISTEN_FDNAMES;
  if (LISTEN_FDS === undefined || LISTEN_PID !== String(pid)) return [];
  const count = /^[0-9]{1,4}$/.test(LISTEN_FDS) ? Number(LISTEN_FDS) : Number.NaN;
  if (!(count <= MAX_FDS))
    throw new StartError(`LISTEN_FDS is ${JSON.stringify(LISTEN_FDS)}; it must be a number of sockets up to ${MAX_FDS}`);
  const names = LISTEN_FDNAMES?.split(':') ?? [];
  return Array.from({ length: count }, (_, i) => ({ ...identify(FIRST_FD + i), fd: FIRST_FD + i, name: names[i] ?? '' }));
}

/** What the kernel's tables say of a socket (proc(5), net/tcp): Node has no call that asks a descriptor. */
function identify(fd: number): { kind: 'stream' | 'datagram'; address: HostPort } {
  let link: string;
  try {
    link = fs.readlinkSync(`/proc/self/fd/${fd}`);
  } catch (error) {
    throw new StartError(`descriptor ${fd} was promised by LISTEN_FDS and cannot be used: ${messageOf(error)}`);
  }
  const inode = /^socket:\[([0-9]+)\]$/.exec(link)?.[1];
  if (inode !== undefined)
    for (const table of ['tcp', 'tcp6', 'udp', 'udp6'] as const) {
      const row = rowOf(table, inode);
      if (row !== null) return { kind: table.startsWith('tcp') ? 'stream' : 'datagram', address: row };
    }
  throw new StartError(
    `descriptor ${fd}, passed by LISTEN_FDS, is no TCP or UDP socket (${link}); the socket unit may name IP addresses only`,
  );
}

function rowOf(table: string, inode: string): HostPort | null {
  let text: string;
  try {
    text = fs.readFileSync(`/proc/self/net/${table}`, 'latin1');
  } catch {
    return null; // a kernel without IPv6 has no table of it
  }
  return findLocalAddress(text, inode);
}

/**
 * The local address in the row of `inode`: 32-bit words in the machine's byte order, of which every platform with Node 24 has the little
 * end first.
 */
export function findLocalAddress(table: string, inode: string): HostPort | null {
  for (const line of table.split('\n')) {
    const columns = line.trim().split(/\s+/);
    if (columns[9] !== inode) continue;
    const [address = '', port = ''] = (columns[1] ?? '').split(':');
    const bytes = Buffer.from(address, 'hex');
    bytes.swap32();
    const host =
      bytes.length === 4
        ? bytes.join('.')
        : new URL(`http://[${bytes.toString('hex').replace(/(....)(?!$)/g, '$1:')}]/`).hostname.slice(1, -1);
    return { host, port: Number.parseInt(port, 16) };
  }
  return null;
}
