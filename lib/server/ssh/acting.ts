import type { FleetMember } from '#shared/nodes.ts';
import type { Answer } from './answer.ts';
import type { Command } from './catalogue.ts';
import type { ExecOptions, Receipt } from './types.ts';

export type Call = Pick<ExecOptions, 'timeoutMs' | 'signal'>;
export type Ran = { answer: Answer; receipt: Receipt };
/** What operations of NodeOps that have a file of their own need. */
export type ActingOn = {
  /** `bytesAfter`: behind this word of the answer come bytes as they are */
  run(node: FleetMember, command: Command, options?: ExecOptions, bytesAfter?: string): Promise<Ran>;
  notAfter(node: FleetMember, call: Call): Promise<number>;
  toConsoleTime(node: FleetMember, nodeSeconds: number): number;
  /** both in ms since the epoch */
  toNodeTime(node: FleetMember, consoleMs: number): number;
};
