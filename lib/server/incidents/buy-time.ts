import type { NodeOps } from '#server/ssh/index.ts';
import type { BuyOffer } from '#shared/incidents.ts';
import type { FleetMember, FleetNode } from '#shared/nodes.ts';
import type { Band } from '#shared/time.ts';
import { formatCount } from '#shared/units/count.ts';

/** The kernel's own bound of open files of a process, fs.nr_open, unless it was changed. */
const KERNEL_LIMIT = 1_048_576;
const LOOK_MS = 6000;

/** What one node has, and what it may have: `raisesHard`: root does it, so the hard limit is no bound. */
type Room = {
  limit: number | null;
  hardLimit: number | null;
  raisesHard: boolean;
  /** root does it there, and may not: as in many containers */
  rootMayNot?: boolean;
  /** fs.nr_open; the usual one unless the node said another */
  kernelLimit?: number | null;
  problem: string | null;
};

/** Who probes is who will raise: root by the helper, or the account itself. */
export function whoRaises(
  { user }: FleetMember,
  prepared: boolean,
  mayRaiseHard: boolean | null,
): { raisesHard: boolean; rootMayNot: boolean } {
  const asRoot = prepared || user === 'root';
  return { raisesHard: asRoot && mayRaiseHard !== false, rootMayNot: asRoot && mayRaiseHard === false };
}

/** Asks the node for its limits and by whom they can be raised; changes nothing. */
export async function roomOf(ops: Pick<NodeOps, 'probe' | 'isPrepared'>, member: FleetMember): Promise<Room> {
  try {
    const [probe, prepared] = await Promise.all([
      ops.probe(member, { timeoutMs: LOOK_MS, sockets: false }),
      ops.isPrepared(member, { timeoutMs: LOOK_MS }),
    ]);
    const { fdSoftLimit: limit, fdHardLimit: hardLimit, mainPid, mayRaiseHard, kernelLimit } = probe.value;
    if (mainPid === null) return { limit: null, hardLimit: null, raisesHard: false, problem: `${member.unit} has no process` };
    return { limit, hardLimit, ...whoRaises(member, prepared, mayRaiseHard), kernelLimit, problem: null };
  } catch (error) {
    return { limit: null, hardLimit: null, raisesHard: false, problem: error instanceof Error ? error.message : 'it does not answer' };
  }
}

/** The offer for one node, by its slope as it is now. Pure. */
export function offerOf(node: FleetNode, room: Room, wanted: number): BuyOffer {
  const limitNow = room.limit ?? node.fdLimit;
  const kernel = room.kernelLimit ?? KERNEL_LIMIT;
  const most = room.raisesHard ? kernel : Math.min(room.hardLimit ?? kernel, kernel);
  const limitThen = limitNow === null ? null : Math.min(Math.max(wanted, limitNow), Math.max(most, limitNow));
  const slope = node.leak.verdict === 'leaking' ? node.leak.perMinute : null;
  const nothing = nothingToBuy(node, room, limitNow, limitThen);
  const more = limitNow === null || limitThen === null ? 0 : limitThen - limitNow;
  const minutesBought = nothing === null && slope !== null && slope.mid > 0 ? more / slope.mid : null;
  return {
    ...{ nodeId: node.id, nodeName: node.name, limitNow, hardLimit: room.hardLimit, openFds: node.openFds },
    ...{ limitThen: nothing === null ? limitThen : null, perMinute: slope?.mid ?? null, minutesBought, nothing },
    endNow: node.timeToEmfileSeconds,
    endThen: nothing !== null || slope === null ? null : later(node.timeToEmfileSeconds, more, slope),
  };
}

function nothingToBuy(node: FleetNode, room: Room, now: number | null, then: number | null): string | null {
  if (room.problem !== null) return room.problem;
  if (now === null || then === null) return 'its limit cannot be read';
  if (then > now) return null;
  if (!room.raisesHard && room.hardLimit !== null && now >= room.hardLimit)
    return room.rootMayNot
      ? `Nothing to buy: ${formatCount(now)} is its hard limit too, and root on ${node.name} has no CAP_SYS_RESOURCE to raise that, as in many containers. Only a restart with a higher LimitNOFILE helps.`
      : `Nothing to buy: ${formatCount(now)} is its hard limit too, and this account may not raise that. A prepared node can; without it only a restart with a higher LimitNOFILE helps.`;
  return `${node.name} has ${formatCount(now)} already: ask for more`;
}

/** The band, moved by what the new fds last at each end of the slope. */
function later(band: Band | null, more: number, slope: { low: number; mid: number; high: number }): Band | null {
  if (band === null) return null;
  const seconds = (perMinute: number) => (perMinute > 0 ? (more / perMinute) * 60 : null);
  const [soonest, mid, latest] = [seconds(slope.high), seconds(slope.mid), seconds(slope.low)];
  if (soonest === null || mid === null) return null;
  return { low: band.low + soonest, mid: band.mid + mid, high: band.high === null || latest === null ? null : band.high + latest };
}
