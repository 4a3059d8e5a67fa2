import fs from 'node:fs';

export type Socket = {
  family: 'IPv4' | 'IPv6';
  state: string;
  local: string;
  localPort: number;
  remote: string;
  remotePort: number;
  recvQueue: number;
  sendQueue: number;
  inode: string;
};
export type Descriptor = { fd: number; target: string };

/** Names as ss prints them, by the hex state of /proc/net/tcp. */
const STATES: Record<string, string> = {
  '01': 'ESTAB',
  '02': 'SYN-SENT',
  '03': 'SYN-RECV',
  '04': 'FIN-WAIT-1',
  '05': 'FIN-WAIT-2',
  '06': 'TIME-WAIT',
  '07': 'UNCONN',
  '08': 'CLOSE-WAIT',
  '09': 'LAST-ACK',
  '0A': 'LISTEN',
  '0B': 'CLOSING',
};

const read = (file: string): string => {
  try {
    return fs.readFileSync(file, 'latin1');
  } catch {
    return '';
  }
};

export const commOf = (pid: number) => read(`/proc/${pid}/comm`).trim();

/** The open descriptors of a process, in order; null when there is no such process or it may not be looked at. */
export function descriptorsOf(pid: number): Descriptor[] | null {
  try {
    return fs
      .readdirSync(`/proc/${pid}/fd`)
      .map(Number)
      .sort((a, b) => a - b)
      .flatMap((fd) => {
        try {
          return [{ fd, target: fs.readlinkSync(`/proc/${pid}/fd/${fd}`) }];
        } catch {
          return []; // closed meanwhile
        }
      });
  } catch {
    return null;
  }
}

export function tcpSockets(): Socket[] {
  return (['tcp', 'tcp6'] as const).flatMap((table) =>
    read(`/proc/net/${table}`)
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const c = line.trim().split(/\s+/);
        if (c.length < 10) return [];
        const [local, localPort] = endpoint(c[1] ?? '');
        const [remote, remotePort] = endpoint(c[2] ?? '');
        const [send = '0', recv = '0'] = (c[4] ?? '').split(':');
        return [
          {
            family: table === 'tcp' ? ('IPv4' as const) : ('IPv6' as const),
            state: STATES[c[3] ?? ''] ?? 'UNKNOWN',
            local,
            localPort,
            remote,
            remotePort,
            recvQueue: Number.parseInt(recv, 16),
            sendQueue: Number.parseInt(send, 16),
            inode: c[9] ?? '0',
          },
        ];
      }),
  );
}

/** `0100007F:1F90` → 127.0.0.1, 8080; the words of an address are in host order. */
function endpoint(text: string): [string, number] {
  const [address = '', port = '0'] = text.split(':');
  const bytes = (address.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse());
  if (bytes.length === 4) return [bytes.map((byte) => Number.parseInt(byte, 16)).join('.'), Number.parseInt(port, 16)];
  const groups = Array.from({ length: 8 }, (_, i) => Number.parseInt(`${bytes[2 * i]}${bytes[2 * i + 1]}`, 16));
  if (groups.slice(0, 5).every((g) => g === 0) && groups[5] === 0xffff) {
    const [a = 0, b = 0] = groups.slice(6);
    return [`::ffff:${a >> 8}.${a & 255}.${b >> 8}.${b & 255}`, Number.parseInt(port, 16)];
  }
  const name = groups.every((g) => g === 0) ? '::' : groups.map((g) => g.toString(16)).join(':');
  return [name, Number.parseInt(port, 16)];
}

/** The unit's main process and its children. */
export function nodeProcesses(unitsDir: string): number[] {
  const main = Number(/^MainPID=(\d+)$/m.exec(read(`${unitsDir}/sniproxy.service`))?.[1] ?? 0);
  if (main === 0) return [];
  const children = read(`/proc/${main}/task/${main}/children`).trim();
  return [main, ...(children === '' ? [] : children.split(/\s+/).map(Number))];
}

export const mappedFiles = (pid: number): string[] => [
  ...new Set(
    read(`/proc/${pid}/maps`)
      .split('\n')
      .map((line) => line.slice(73).trim())
      .filter((file) => file.startsWith('/')),
  ),
];
export const linkOf = (file: string): string => {
  try {
    return fs.readlinkSync(file);
  } catch {
    return '';
  }
};
