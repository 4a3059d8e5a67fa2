import type { FleetMember } from '#shared/nodes.ts';
import type { ActingOn, Call } from './acting.ts';
import { toCount } from './answer.ts';
import { catalogue } from './catalogue.ts';
import type { Outcome } from './types.ts';

type Asked = { runId: string; pid: number; limit: number; keep?: boolean };
type Raised = { acted: boolean; before: number | null; limit: number | null; kept: string | null };

/**
 * Raises the soft limit of open files of exactly this process. `acted: false`: it was as high already. `null`: unlimited. `keep` gives the limit
 * to the unit too, in a drop-in, whose path is `kept`; null when the unit asked for as much already.
 */
export const limitOp =
  ({ run, notAfter }: ActingOn) =>
  async (node: FleetMember, o: Asked & Call): Promise<Outcome<Raised>> => {
    const command = catalogue.setLimit({ ...node, ...o, keep: o.keep ?? false, notAfter: await notAfter(node, o) });
    const { answer, receipt } = await run(node, command, o);
    const value = {
      acted: answer.first('acted') === '1',
      before: toCount(answer.first('before')),
      limit: toCount(answer.first('limit')),
      kept: answer.first('kept') ?? null,
    };
    return { value, receipt };
  };
