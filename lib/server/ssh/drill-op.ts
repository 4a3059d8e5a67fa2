import type { Drill } from '#contract/index.ts';
import type { FleetMember } from '#shared/nodes.ts';
import type { ActingOn, Call } from './acting.ts';
import { toCount } from './answer.ts';
import { catalogue } from './catalogue.ts';
import type { Outcome } from './types.ts';

type Order = { operation: 'start' | 'stop' | 'state'; id: string; family?: Drill; seconds?: number; scale?: number | null };

/** Orders a drill of the node's proxy for so many seconds, or calls it off. `until`: epoch ms, console time; null when none is ordered. */
export const drillOp =
  ({ run, notAfter, toConsoleTime }: ActingOn) =>
  async (node: FleetMember, o: Order & Call): Promise<Outcome<{ ordered: boolean; until: number | null }>> => {
    const { operation, family = 'none', seconds = 0 } = o;
    const command = catalogue.drill({
      ...{ ...node, operation, family, seconds, scale: o.scale ?? 0, runId: o.id, notAfter: await notAfter(node, o) },
    });
    const { answer, receipt } = await run(node, command, o);
    const until = toCount(answer.first('until'));
    return { value: { ordered: answer.first('state') === 'ordered', until: until === null ? null : toConsoleTime(node, until) }, receipt };
  };
