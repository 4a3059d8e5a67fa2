import fs from 'node:fs';
import { HOSTS } from '../node/config-file.ts';
import { closingRequest, type Ended, keptRequest, type Target, tlsRequest } from './requests.ts';
import { startTicker } from './schedule.ts';
import type { ClientSettings } from './settings.ts';
import { keepTunnel } from './tunnels.ts';

/**
 * Connections per second and node: 4.0 in all, so that any 60 s hold at least 200. The plain ones are what the drills leak by: pool-leak one fd
 * each (63 a minute), eof-leak two each (126 a minute, 65 minutes to a limit of 8,192).
 */
const RATE = { tls: 2.95, serverCloses: 0.65, clientCloses: 0.4 };
const TUNNELS = { secure: 12, plain: 8 };

export type Counts = Record<Ended, number> & { tunnels: number; tunnelsLost: number };

/** The traffic of every node. Counts are per node since the start. */
export function startClients(settings: ClientSettings): { counts: Map<string, Counts>; stop(): void } {
  const ca = fs.readFileSync(settings.certPath, 'utf8');
  const counts = new Map<string, Counts>();
  const parts = settings.nodes.flatMap((node) => {
    const of: Counts = { answered: 0, refused: 0, cut: 0, timeout: 0, tunnels: 0, tunnelsLost: 0 };
    counts.set(node.name, of);
    return startNode({ ...node, ca }, of);
  });
  const stop = () => {
    for (const part of parts) part.stop();
  };
  return { counts, stop };
}

function startNode(target: Target, counts: Counts): { stop(): void }[] {
  const count = (ended: Promise<Ended>) => {
    void ended.then((how) => {
      counts[how] += 1;
    });
  };
  let nth = 0;
  const tunnel = (secure: boolean) =>
    keepTunnel(target, {
      secure,
      onOpen: () => {
        counts.tunnels += 1;
      },
      onLost: () => {
        counts.tunnels -= 1;
        counts.tunnelsLost += 1;
      },
    });
  return [
    startTicker(RATE.tls, () => count(tlsRequest(target, nth++ % 3 === 0 ? HOSTS.api : HOSTS.app, size(400, 24_000)))),
    startTicker(RATE.serverCloses, () => count(closingRequest(target, size(800, 12_000)))),
    startTicker(RATE.clientCloses, () => count(keptRequest(target, [size(300, 4_000), size(300, 4_000)]))),
    ...Array.from({ length: TUNNELS.secure }, () => tunnel(true)),
    ...Array.from({ length: TUNNELS.plain }, () => tunnel(false)),
  ];
}

/** A drawn size in bytes, small ones more often. */
const size = (least: number, most: number) => Math.round(least * (most / least) ** Math.random());
