import { commOf, descriptorsOf, nodeProcesses, type Socket, tcpSockets } from './proc.ts';

/** `ss -t` of one node: the sockets of its processes, and what the kernel still keeps for its ports. Reads /proc, so it works without iproute2. */
export function ss(argv: string[], node: { unitsDir: string; ports: number[] }): number {
  const letters = argv.filter((word) => /^-[a-zA-Z]+$/.test(word)).join('');
  const has = (letter: string, long: string) => letters.includes(letter) || argv.includes(long);
  const owners = new Map<string, { comm: string; pid: number; fd: number }>();
  for (const pid of nodeProcesses(node.unitsDir)) {
    const comm = commOf(pid);
    for (const { fd, target } of descriptorsOf(pid) ?? []) {
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode) owners.set(inode, { comm, pid, fd });
    }
  }
  const listening = has('l', '--listening');
  const all = has('a', '--all');
  const states = stateFilter(argv);
  const ofNode = (s: Socket) => owners.has(s.inode) || (s.inode === '0' && node.ports.includes(s.localPort));
  const wanted = (s: Socket) => (states ? states.includes(s.state) : listening ? s.state === 'LISTEN' : all || s.state === 'ESTAB');
  const rows = tcpSockets().filter((s) => ofNode(s) && wanted(s));
  const lines = rows.map((s) => {
    const owner = owners.get(s.inode);
    const who = owner && has('p', '--processes') ? `users:(("${owner.comm}",pid=${owner.pid},fd=${owner.fd}))` : '';
    return [
      s.state.padEnd(10),
      String(s.recvQueue).padEnd(6),
      String(s.sendQueue).padEnd(6),
      at(s, s.local, s.localPort).padStart(20),
      at(s, s.remote, s.remotePort).padStart(20),
      who,
    ]
      .join(' ')
      .trimEnd();
  });
  if (!has('H', '--no-header')) lines.unshift('State      Recv-Q Send-Q Local Address:Port   Peer Address:Port Process');
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  return 0;
}

const at = (s: Socket, address: string, port: number) => `${s.family === 'IPv6' ? `[${address}]` : address}:${port === 0 ? '*' : port}`;

/** `ss … state close-wait` */
function stateFilter(argv: string[]): string[] | null {
  const names = argv.flatMap((word, i) => (argv[i - 1] === 'state' ? [word.toUpperCase()] : []));
  return names.length === 0 ? null : names.map((name) => (name === 'ESTABLISHED' ? 'ESTAB' : name === 'LISTENING' ? 'LISTEN' : name));
}
