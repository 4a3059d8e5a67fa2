import fs from 'node:fs';

const LISTEN = '0A';

/** Whether this very process listens on all these TCP ports. A port held by another process does not count. */
export function listensOn(pid: number, ports: number[]): boolean {
  try {
    const inodes = listeningInodes(new Set(ports));
    const held = new Set<number>();
    for (const fd of fs.readdirSync(`/proc/${pid}/fd`)) {
      const port = inodes.get(linkTarget(`/proc/${pid}/fd/${fd}`));
      if (port !== undefined) held.add(port);
    }
    return held.size === new Set(ports).size;
  } catch {
    return false; // ended meanwhile
  }
}

function linkTarget(file: string): string {
  try {
    return fs.readlinkSync(file);
  } catch {
    return '';
  }
}

/** `socket:[inode]` → port, of the listeners on these ports */
function listeningInodes(ports: Set<number>): Map<string, number> {
  const found = new Map<string, number>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    if (!fs.existsSync(table)) continue;
    for (const line of fs.readFileSync(table, 'latin1').split('\n').slice(1)) {
      const columns = line.trim().split(/\s+/);
      if (columns[3] !== LISTEN) continue;
      const port = Number.parseInt(columns[1]?.split(':')[1] ?? '', 16);
      if (ports.has(port)) found.set(`socket:[${columns[9]}]`, port);
    }
  }
  return found;
}
