import type { FleetMember } from '#shared/nodes.ts';
import type { Answer } from './answer.ts';
import type { Command } from './catalogue.ts';
import type { ExecOptions, Receipt } from './types.ts';

export type Call = Pick<ExecOptions, 'timeoutMs' | 'signal'>;
export type Ran = { answer: Answer; receipt: Receipt };
/** What an operation of NodeOps that has a file of its own needs. */
export type ActingOn = {
  run(node: FleetMember, command: Command, options?: ExecOptions): Promise<Ran>;
  notAfter(node: FleetMember, call: Call): Promise<number>;
  toConsoleTime(node: FleetMember, nodeSeconds: number): number;
};
