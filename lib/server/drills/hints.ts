import { DRILLS } from '#shared/drill-families.ts';
import type { DrillSecret } from './secret.ts';

export const RUNGS = 3;

/** The ladder: where to look at all, which two nodes it can be, what to look for there. */
export function hintText(rung: number, secret: DrillSecret, inPlay: readonly { nodeId: string; name: string }[]): string {
  if (rung === 1)
    return 'Sort the fleet by headroom trend and compare: on one node open fds move without connections moving. A verdict takes about two minutes of samples.';
  if (rung === 2) {
    const others = inPlay.filter(({ nodeId }) => nodeId !== secret.nodeId);
    // the same other one each time it is asked
    const other = others[(secret.nodeName ?? '').length % Math.max(1, others.length)];
    const two = [secret.nodeName ?? '', ...(other ? [other.name] : [])].sort();
    return two.length === 2 ? `It is one of ${two[0]} and ${two[1]}.` : `It is ${two[0]}.`;
  }
  return DRILLS[secret.family].look;
}
