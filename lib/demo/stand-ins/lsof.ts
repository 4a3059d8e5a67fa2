import { commOf, descriptorsOf, linkOf, mappedFiles, tcpSockets } from './proc.ts';

const NAMES: Record<string, string> = { ESTAB: 'ESTABLISHED', 'SYN-RECV': 'SYN_RCVD' };

/**
 * `lsof -p PID[,PID]`: working directory, root, program and mapped files first, then the descriptors, below one header; so `| wc -l` counts more
 * than the open fds, here as everywhere. -i keeps sockets only; -n and -P change nothing.
 */
export function lsof(argv: string[]): number {
  const pids = argv
    .flatMap((word, i) => (word === '-p' ? (argv[i + 1] ?? '') : /^-p\d/.test(word) ? word.slice(2) : []))
    .flatMap((list) => list.split(','))
    .map(Number);
  if (pids.length === 0 || pids.some((pid) => !Number.isInteger(pid) || pid <= 0)) {
    console.error('lsof: on a demo node give the process: lsof -p PID');
    return 1;
  }
  const socketsOnly = argv.some((word) => word.startsWith('-i'));
  const sockets = new Map(tcpSockets().map((s) => [s.inode, s]));
  const lines: string[] = [];
  for (const pid of pids) {
    const descriptors = descriptorsOf(pid);
    if (descriptors === null) continue;
    const comm = commOf(pid).slice(0, 9);
    const row = (fd: string, type: string, name: string) =>
      lines.push(`${comm.padEnd(9)} ${String(pid).padStart(7)} ${fd.padStart(5)} ${type.padStart(7)} ${name}`);
    if (!socketsOnly) {
      row('cwd', 'DIR', linkOf(`/proc/${pid}/cwd`));
      row('rtd', 'DIR', linkOf(`/proc/${pid}/root`));
      row('txt', 'REG', linkOf(`/proc/${pid}/exe`));
      for (const file of mappedFiles(pid)) row('mem', 'REG', file);
    }
    for (const { fd, target } of descriptors) {
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      const socket = inode === undefined ? undefined : sockets.get(inode);
      if (socket) row(`${fd}u`, socket.family, tcpName(socket));
      else if (!socketsOnly) row(`${fd}u`, typeOf(target), target);
    }
  }
  if (lines.length === 0) return 1;
  process.stdout.write(`COMMAND       PID    FD    TYPE NAME\n${lines.map((line) => `${line}\n`).join('')}`);
  return 0;
}

function tcpName(s: ReturnType<typeof tcpSockets>[number]): string {
  const host = (address: string, port: number) => `${s.family === 'IPv6' ? `[${address}]` : address}:${port}`;
  const state = NAMES[s.state] ?? s.state.replaceAll('-', '_');
  return `TCP ${host(s.local, s.localPort)}${s.state === 'LISTEN' ? '' : `->${host(s.remote, s.remotePort)}`} (${state})`;
}

function typeOf(target: string): string {
  if (target.startsWith('pipe:')) return 'FIFO';
  if (target.startsWith('anon_inode:')) return 'a_inode';
  if (target.startsWith('socket:')) return 'sock';
  return target.startsWith('/dev/') ? 'CHR' : 'REG';
}
