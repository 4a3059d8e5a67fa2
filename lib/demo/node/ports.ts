import { randomInt } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';

const LOWEST = 15_000;

/**
 * Free loopback ports below the ephemeral range. A port that the kernel also hands to outgoing connections could be taken by one of
 * them in the moment between a proxy's stop and its start, and thousands of leaked tunnels hold such ports. `spare` is left for another.
 */
export async function freePorts(count: number, spare?: number): Promise<number[]> {
  const highest = Math.max(LOWEST + 1_000, ephemeralStart());
  const found = new Set<number>();
  for (let tries = 0; found.size < count; tries++) {
    if (tries > count * 50) throw new Error(`no ${count} free ports between ${LOWEST} and ${highest} on 127.0.0.1`);
    const port = randomInt(LOWEST, highest);
    if (port !== spare && !found.has(port) && (await isFree(port))) found.add(port);
  }
  return [...found];
}

export function isFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function ephemeralStart(): number {
  try {
    return Number(fs.readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/)[0]);
  } catch {
    return 32_768;
  }
}
