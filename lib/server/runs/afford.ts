import type { FleetNode } from '#shared/nodes.ts';

/** A proxied connection is a client's socket and an upstream's. */
const FDS_PER_CONNECTION = 2;
/** Beyond this share of its limit a peer has no room for the unexpected. */
const TIGHT_SHARE = 0.9;

export type Peer = Pick<FleetNode, 'name' | 'state' | 'openFds' | 'fdLimit' | 'connectionsActive'>;

/** `after` is the share of its limit that a peer would have open, null where its figures are not known. */
export type Affordable = {
  verdict: 'pass' | 'inconclusive' | 'fail';
  sentence: string;
  peers: { name: string; takes: number; openFds: number | null; fdLimit: number | null; after: number | null }[];
};

/**
 * While a node restarts its clients come back to its peers: would they have the fds? Its open connections are shared out evenly among the peers that
 * answer; long-lived tunnels are counted like any other, which errs on the safe side.
 */
export function canAfford(node: Peer, peers: readonly Peer[]): Affordable {
  const up = peers.filter((p) => p.state === 'up' || p.state === 'degraded');
  const load = node.connectionsActive;
  if (up.length === 0)
    return {
      verdict: 'fail',
      sentence: `no peer of ${node.name} answers: nobody would take its ${load ?? 'unknown number of'} connections`,
      peers: [],
    };
  const takes = Math.ceil((load ?? 0) / up.length);
  const rows = up.map((p) => {
    const after = p.openFds === null || p.fdLimit === null ? null : (p.openFds + FDS_PER_CONNECTION * takes) / p.fdLimit;
    return { name: p.name, takes, openFds: p.openFds, fdLimit: p.fdLimit, after };
  });
  const known = rows.flatMap((r) => (r.after === null ? [] : [{ name: r.name, after: r.after }]));
  const worst = known.reduce<{ name: string; after: number } | null>((a, b) => (a === null || b.after > a.after ? b : a), null);
  const share = worst === null ? '' : `${worst.name} would be at ${Math.round(worst.after * 100)} % of its fd limit`;
  const who = `${up.length} peer${up.length === 1 ? '' : 's'} of ${node.name} would take ${takes} connections each`;
  if (load === null || worst === null || known.length < rows.length)
    return { verdict: 'inconclusive', sentence: `${who}, and not all of their figures are known`, peers: rows };
  if (worst.after >= 1) return { verdict: 'fail', sentence: `${who}: ${share}, so it would run out of fds`, peers: rows };
  if (worst.after > TIGHT_SHARE) return { verdict: 'inconclusive', sentence: `${who}: ${share}, which is tight`, peers: rows };
  return { verdict: 'pass', sentence: `${who}: ${share} at most`, peers: rows };
}
