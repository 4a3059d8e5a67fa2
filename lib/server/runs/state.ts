import type { GateState, Judgement, RunStatus, StepStatus, Strategy, TargetStatus, Verdict } from '#shared/runs.ts';

/**
 * The node's automatic revert, as far as the console knows. `arming` and `disarming` are written before the node is asked, so after a crash
 * each means "asked, answer not known".
 *
 *   none → arming → armed → disarming → disarmed
 *                     ├→ reverted   the node put its file back, by itself or because we asked
 *                     ├→ gone       its deadline is not there any more, and not by us
 *                     └→ left       it could not be reached any more, and puts its file back at its deadline
 */
export type WayBack = 'none' | 'arming' | 'armed' | 'disarming' | 'disarmed' | 'reverted' | 'gone' | 'left';

/** `asked` is written before the act: it may or may not have happened. `nothing`: the file had the values already. */
export type EditState = 'none' | 'asked' | 'done' | 'nothing';
export type RestartState = 'none' | 'asked' | 'done';

/** Why a node is being put back as it was. */
export type UndoReason = 'abort' | 'answer' | 'failure';

export type RunControl = 'pause' | 'abort';

export type StepState = {
  key: string;
  kind: string;
  title: string;
  status: StepStatus;
  verdict: Verdict | null;
  summary: string;
  startedAt: number | null;
  finishedAt: number | null;
  output: string;
  gate: GateState | null;
  /** inconclusive, and somebody said to go on */
  accepted: boolean;
  byHand: string | null;
  /** a failed step that does not stop the steps after it */
  soft: boolean;
};

export type TargetState = {
  nodeId: string;
  name: string;
  position: number;
  batch: number;
  attempt: number;
  status: TargetStatus;
  verdict: Verdict | null;
  summary: string;
  judgement: Judgement | null;
  wayBack: WayBack;
  /** when the node puts its file back unless told otherwise, console time, epoch ms */
  revertAt: number | null;
  /** when the node last granted that, console time */
  grantedAt: number | null;
  edit: EditState;
  restart: RestartState;
  undo: UndoReason | null;
  memo: TargetMemo;
  startedAt: number | null;
  finishedAt: number | null;
  steps: StepState[];
};

/** What later steps need of earlier ones; kept in the database, so that it outlives the console. Node times are by the node's clock. */
export type TargetMemo = {
  beforeSha256?: string;
  afterSha256?: string;
  edits?: string;
  /** the node's automatic revert starts with the machine */
  survivesReboot?: boolean;
  /** the process that ran before the restart */
  before?: ProcessFacts;
  /** by what the new config was taken up: a new process, or the same one */
  mode?: 'restart' | 'reload';
  /** node time just before the restart was asked */
  restartAskedNodeMs?: number;
  restartAskedAt?: number;
  /** the process that runs since */
  after?: ProcessFacts;
  /** console time; the watch's window counts from here */
  watchFrom?: number;
  /** samples of the old process up to here are what the new one is held against, console time */
  baselineTo?: number;
  /** the soft limit of open files that was asked for, of the process that ran then; 0 before: not known */
  limit?: { before: number; asked: number };
  /** what the judging step said, for the run's summary */
  sentence?: string;
};

export type ProcessFacts = {
  pid: number;
  startMs: number | null;
  nRestarts: number;
  openFds: number | null;
  fdLimit: number | null;
  ports: number[];
};

export type RunState = {
  id: string;
  strategy: Strategy;
  dryRun: boolean;
  status: RunStatus;
  verdict: Verdict | null;
  summary: string;
  control: RunControl | null;
  controlBy: string | null;
  acceptedFailures: number;
  /** a second person may agree until then, epoch ms; null when none is needed */
  approveBy: number | null;
  targets: TargetState[];
};

const ENDED_TARGETS: readonly TargetStatus[] = ['succeeded', 'failed', 'aborted', 'rolled-back', 'skipped'];
export const targetEnded = (target: Pick<TargetState, 'status'>): boolean => ENDED_TARGETS.includes(target.status);

const OPEN_STEPS: readonly StepStatus[] = ['pending', 'running', 'waiting'];
export const stepOpen = (step: Pick<StepState, 'status'>): boolean => OPEN_STEPS.includes(step.status);

/** The node's way back was used, or is out of our hands: nothing is done to that node any more. */
export const lostNode = (wayBack: WayBack): boolean => wayBack === 'reverted' || wayBack === 'gone' || wayBack === 'left';

/** Something waits on the node for the console's word. */
export const holdsNode = (wayBack: WayBack): boolean => wayBack === 'arming' || wayBack === 'armed' || wayBack === 'disarming';
