import type { Interruption } from './decide.ts';

/** Why a job of the engine was ended from outside; the reason of its AbortSignal. Never leaves this module. */
export class Interrupted extends Error {
  readonly why: Interruption | 'stopping' | 'lease-lost' | 'timeout';
  constructor(why: Interrupted['why']) {
    super(`interrupted: ${why}`);
    this.name = 'Interrupted';
    this.why = why;
  }
}

/** The node's way back was used or is out of our hands: whatever was going on, nothing more is done to that node. */
export class NodeLost extends Error {
  constructor() {
    super('the node restored itself, or its automatic revert is gone');
    this.name = 'NodeLost';
  }
}
