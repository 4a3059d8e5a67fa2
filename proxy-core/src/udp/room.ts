import type { Refusal } from '../contract/words.ts';
import type { FlowHost } from './flow.ts';

const DEFAULT_FLOWS = 10_000;
/** Flows whose client has not shown yet where it is: so many may always be, and else this share of all. */
const [MIN_UNPROVEN, UNPROVEN_SHARE] = [16, 1 / 4];
/** Which a client that is there has done in a round trip; after so long its place may be taken. */
const PROOF_MS = 1000;

/**
 * Null = there is room for one flow more, if need be in the place of a client that never showed that it is where it says it is: anybody can
 * write any address on a datagram. For the same reason half of the descriptors are TCP's, whatever comes by UDP.
 */
export function makeRoom({ core, flows, unproven }: FlowHost): Refusal | null {
  const { live, budget, wheel } = core;
  const most = live.config.quic_config?.max_flows ?? Math.min(DEFAULT_FLOWS, live.maxConnections);
  const carried = Math.max(1, Math.floor(budget.total / 2));
  const limit = Math.min(most, carried);
  const isCrowded = unproven.size >= Math.max(MIN_UNPROVEN, limit * UNPROVEN_SHARE);
  if (isCrowded || flows.size >= limit || !budget.hasRoom) {
    const oldest = unproven.values().next().value;
    if (oldest !== undefined && wheel.now() - oldest.startedAt > PROOF_MS) oldest.cut('client_gone');
    else if (isCrowded) return 'quic_unproven';
  }
  if (flows.size >= limit) return most <= carried ? 'max_connections' : 'fd_headroom';
  return budget.hasRoom ? null : 'fd_headroom';
}
