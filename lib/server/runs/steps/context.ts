import type { Clock } from '#server/kernel/clock.ts';
import { isHeadroomError } from '#server/kernel/errors.ts';
import type { NodeOps } from '#server/ssh/index.ts';
import type { Sample } from '#shared/metrics.ts';
import type { FleetMember, FleetNode } from '#shared/nodes.ts';
import type { RunbookStep } from '#shared/runbooks.ts';
import type { GateState, Judgement, StepStatus, Strategy, Verdict } from '#shared/runs.ts';
import type { ControlNode } from '../beside.ts';
import type { RunsDeps } from '../deps.ts';
import type { Proof } from '../evidence.ts';
import type { TargetMemo, TargetState, UndoReason } from '../state.ts';
import type { TargetPatch } from '../store.ts';
import type { WayBackGuard } from '../way-back.ts';

/** What one step has to work with. Every operation on the node refuses once the step was interrupted or the node is lost. */
export type StepContext = {
  run: { id: string; opsId: string; strategy: Strategy; params: Record<string, unknown>; dryRun: boolean; steps: readonly RunbookStep[] };
  node: FleetMember;
  step: RunbookStep;
  /** as stored, with what this step has remembered so far */
  target: () => Readonly<TargetState>;
  gate: GateState | null;
  /** who said that this step is done by hand */
  byHand: string | null;
  ops: NodeOps;
  wayBack: WayBackGuard;
  /** stored samples of this node since then, all process lives, time order */
  samples: (sinceMs: number) => Sample[];
  /** a node of this run that leaked when this one was changed and was not begun yet; null when there is none */
  control: (changedAtMs: number) => Promise<ControlNode | null>;
  /** this node as it was last seen, and those that share its value of the strategy's failure group */
  peers: () => Promise<{ self: FleetNode | null; peers: FleetNode[] } | null>;
  /** the node is scraped every 1-2 s until then */
  focus: (untilMs: number) => void;
  /** what an earlier run left on this node; null when it never was here */
  earlier: (runId: string) => Promise<{ opsId: string; memo: TargetMemo } | null>;
  agree: (sha256: string) => Promise<void>;
  /** keeps what a restart would destroy; undefined in a console that keeps none */
  keepBeforeRestart: (() => Promise<string | null>) | undefined;
  /** people are told by them; undefined in a console without channels */
  messages: RunsDeps['messages'];
  /** the bytes of a release; throws request.invalid when there is none of this sha256 */
  release: (sha256: string) => Promise<Buffer>;
  clock: Clock;
  signal: AbortSignal;
  /** console time at which the step gives up; waiting and retrying end before it */
  deadline: number;
  /** stored before it returns; what the next act relies on is remembered before the act */
  remember: (patch: Omit<TargetPatch, 'memo'> & { memo?: TargetMemo }) => Promise<void>;
  /** one line of live output */
  say: (line: string) => void;
  prove: (proof: Proof) => Promise<void>;
};

export type StepResult = {
  status: Extract<StepStatus, 'succeeded' | 'failed' | 'inconclusive' | 'waiting'>;
  verdict?: Verdict | null;
  summary: string;
  gate?: GateState;
  /** what this step makes of the whole target; the worse of two holds */
  judges?: { verdict: Verdict; sentence: string; judgement?: Judgement };
  undo?: UndoReason;
};

export type StepRunner = (context: StepContext) => Promise<StepResult>;

const RETRY_MS = 1000;
const PASSING: readonly string[] = ['ssh.unreachable', 'ssh.timeout'];

/** Tries again while SSH does not answer and the step has time left. Everything else fails at once. */
export async function patiently<T>(context: StepContext, work: () => Promise<T>, attempts = Number.POSITIVE_INFINITY): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      context.signal.throwIfAborted();
      const passing = isHeadroomError(error) && PASSING.includes(error.code);
      if (!passing || attempt >= attempts || context.clock.now() + RETRY_MS >= context.deadline) throw error;
      context.say(`${error.message}; trying again`);
      await context.clock.sleep(RETRY_MS, context.signal);
    }
  }
}
