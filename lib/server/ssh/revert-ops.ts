import type { FleetMember } from '#shared/nodes.ts';
import type { ActingOn, Call } from './acting.ts';
import { toCount } from './answer.ts';
import { catalogue } from './catalogue.ts';
import { commandFailed, unreadable } from './script-failures.ts';
import type { Outcome } from './types.ts';

const REVERT_STATES = ['armed', 'reverting', 'reverted', 'disarmed', 'gone'] as const;
export type RevertState = (typeof REVERT_STATES)[number];
export type RevertAnswer = {
  state: RevertState;
  /** epoch ms, console time; null when nothing is armed */
  deadline: number | null;
  /** what puts the file back starts with the machine; told when it was just armed or extended */
  survivesReboot: boolean;
};

/** The way back: a node that puts its own config back unless the console says in time that all is well. */
export function revertOps({ run, notAfter, toConsoleTime }: ActingOn) {
  async function revert(
    node: FleetMember,
    operation: 'arm' | 'extend' | 'disarm' | 'state',
    o: { runId: string; seconds?: number } & Call,
  ): Promise<Outcome<RevertAnswer>> {
    const command = catalogue.revert({ ...node, runId: o.runId, notAfter: await notAfter(node, o), operation, seconds: o.seconds ?? 0 });
    const { answer, receipt } = await run(node, command, o);
    const state = REVERT_STATES.find((known) => known === answer.first('state'));
    if (!state) throw unreadable(node, receipt);
    const deadline = toCount(answer.first('deadline'));
    const survivesReboot = answer.first('survives') === '1';
    return { value: { state, deadline: deadline === null ? null : toConsoleTime(node, deadline), survivesReboot }, receipt };
  }

  return {
    /** From now on the node restores its backup by itself once the deadline is over. Arming again moves the deadline. */
    async armRevert(
      node: FleetMember,
      o: { runId: string; seconds: number } & Call,
    ): Promise<Outcome<{ deadline: number; survivesReboot: boolean }>> {
      const { value, receipt } = await revert(node, 'arm', o);
      if (value.state !== 'armed' || value.deadline === null)
        throw commandFailed(node, receipt, `config.yaml is not guarded: the revert of this run is ${value.state} already`);
      return { value: { deadline: value.deadline, survivesReboot: value.survivesReboot }, receipt };
    },
    extendRevert: (node: FleetMember, o: { runId: string; seconds: number } & Call): Promise<Outcome<RevertAnswer>> =>
      revert(node, 'extend', o),
    /** Anything but `disarmed`: the node was faster, and has restored or is restoring its backup. */
    disarmRevert: (node: FleetMember, o: { runId: string } & Call): Promise<Outcome<RevertAnswer>> => revert(node, 'disarm', o),
    revertState: (node: FleetMember, o: { runId: string } & Call): Promise<Outcome<RevertAnswer>> => revert(node, 'state', o),
  };
}
