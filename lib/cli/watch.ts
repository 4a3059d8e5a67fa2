import { isProblemError } from '#client/http.ts';
import { runName } from '#shared/run-name.ts';
import { hasEnded, type Run, type RunTarget, runSchema, type StepStatus } from '#shared/runs.ts';
import { plural } from '#shared/units/count.ts';
import { formatClock, formatDuration } from '#shared/units/time.ts';
import type { Answer, ExitCode } from './answer.ts';
import { type Console, isPassing, segment } from './ask.ts';
import type { Call } from './command.ts';

const LOOK_EVERY_MS = 2000;
/** A console that is started anew meanwhile is waited for this long; runs go on without it, and so does the watch. */
const AWAY_MS = 120_000;

/**
 * Says what changes in a run until it ends: to the standard error, so that the output is the run as it ended. 0: as it should be; 1: not fixed, failed,
 * aborted or rolled back; 3: cannot tell; 130: left by Ctrl-C.
 */
export async function watchRun(call: Call, { http }: Console, begun: Run): Promise<Answer> {
  const told = new Told(call);
  let run = begun;
  let answeredAt = call.now();
  told.news(run);
  for (;;) {
    if (hasEnded(run.status) || (call.flag('until-paused') && waitsForPerson(run))) break;
    call.status(statusLine(run, call.now()));
    await call.sleep(LOOK_EVERY_MS);
    if (call.interrupted.aborted) {
      call.status(null);
      return left(run);
    }
    try {
      run = await http.get(`runs/${segment(begun.id)}`, runSchema, { signal: call.interrupted });
      answeredAt = call.now();
      told.news(run);
    } catch (error) {
      if (call.interrupted.aborted) continue;
      if (!isProblemError(error) || !isPassing(error) || call.now() - answeredAt > AWAY_MS) throw error;
      told.away();
    }
  }
  call.status(null);
  return { lines: call.json ? [JSON.stringify(run)] : endLines(run), code: exitOfRun(run) };
}

const left = (run: Run): Answer => ({
  lines: [
    `No longer watching. ${runName(run.id)} goes on (${run.status}); this ended nothing.`,
    `  headroom runs watch ${runName(run.id)}   follows it again`,
    `  headroom runs abort ${runName(run.id)}   ends it; what is under way on a node is taken back`,
  ],
  code: 130,
  error: true,
});

const waitsForPerson = (run: Run): boolean => run.status === 'paused' || run.status === 'awaiting-approval' || gateOf(run) !== null;

function exitOfRun({ status, verdict }: Pick<Run, 'status' | 'verdict'>): ExitCode {
  if (verdict === 'inconclusive') return 3;
  if (verdict === 'fail') return 1;
  if (status === 'succeeded') return 0;
  return hasEnded(status) ? 1 : 3;
}

const endLines = (run: Run): string[] => [
  `${runName(run.id)}: ${run.status}${run.verdict === null ? '' : `, ${VERDICT[run.verdict]}`}: ${run.summary}`,
  ...run.targets
    .filter(({ verdict, status }) => verdict !== 'pass' || status !== 'succeeded')
    .map((t) => `  ${t.name}: ${t.status}${after(', ', foundOf(t))}`),
];

/** A node has words of its own at its end; before that, what the watching found. */
const foundOf = ({ summary, steps }: RunTarget): string => summary || (steps.find(({ kind }) => kind === 'watch')?.summary ?? '');
const after = (mark: string, text: string): string => (text === '' ? '' : `${mark}${text}`);

const VERDICT = { pass: 'PASS', fail: 'FAIL', inconclusive: 'INCONCLUSIVE' } as const;
const DONE: readonly StepStatus[] = ['succeeded', 'failed', 'inconclusive', 'skipped'];

/** The first step that is not done, where it stands, in a run of few nodes as in one of many. */
function stepOf(
  run: Run,
  target: RunTarget,
): { number: number; of: number; title: string; status: StepStatus; startedAt: string | null } | null {
  const { steps, marks } = target;
  if (steps.length > 0) {
    const at = steps.findIndex(({ status }) => status === 'running' || status === 'waiting');
    const step = steps[at];
    return step ? { number: at + 1, of: steps.length, title: step.title, status: step.status, startedAt: step.startedAt } : null;
  }
  const at = marks.findIndex((mark) => mark === 'running' || mark === 'waiting');
  const status = marks[at];
  return status ? { number: at + 1, of: marks.length, title: run.plan[at]?.title ?? `step ${at + 1}`, status, startedAt: null } : null;
}

/** What a person is to do before the run goes on, in words; null when nobody is waited for. */
export function askedOf(run: Run): string | null {
  if (run.status === 'paused') return 'it is paused: a person resumes or aborts it on its page';
  if (run.status === 'awaiting-approval') return 'a second person must agree to it on its page';
  const gate = gateOf(run);
  return gate === null && run.status !== 'waiting'
    ? null
    : `a person is asked on its page${gate ? `: ${gate.target.name}: ${gate.question}` : ''}`;
}

const gateOf = (run: Run): { target: RunTarget; question: string } | null => {
  for (const target of run.targets)
    for (const { status, gate } of target.steps)
      if (status === 'waiting' && gate && gate.answer === null) return { target, question: gate.question };
  return null;
};

const ended = ({ status }: RunTarget): boolean => ['succeeded', 'failed', 'aborted', 'rolled-back', 'skipped'].includes(status);

function statusLine(run: Run, now: number): string {
  const active = run.targets.find((target) => stepOf(run, target) !== null);
  const step = active && stepOf(run, active);
  const since = step?.startedAt ? ` ${formatDuration((now - Date.parse(step.startedAt)) / 1000)}` : '';
  const where = active && step ? `  ${active.name}: ${step.number}/${step.of} ${step.title}${since}` : '';
  return `${run.targets.filter(ended).length} of ${plural(run.targets.length, 'node')} done${where}  (Ctrl-C leaves it running)`;
}

/** What was said already: each change is one line, once. */
class Told {
  readonly #call: Call;
  readonly #said = new Map<string, string>();
  #away = false;
  constructor(call: Call) {
    this.#call = call;
  }

  news(run: Run): void {
    if (this.#away) this.#note('the console answers again');
    this.#away = false;
    const batches = new Set(run.targets.map(({ batch }) => batch)).size;
    for (const target of run.targets) {
      if (target.status === 'pending') continue;
      this.#batch(run, target, batches);
      this.#steps(run, target);
      if (target.verdict !== null && this.#fresh(`${target.nodeId} verdict`, target.verdict))
        this.#note(`${target.name}  ${VERDICT[target.verdict]}${after(': ', foundOf(target))}`);
      if (target.status !== 'running' && this.#fresh(target.nodeId, target.status))
        this.#note(`${target.name}  ${target.status}${target.verdict === null ? after(': ', target.summary) : ''}`);
    }
    const gate = gateOf(run);
    if (gate && this.#fresh('gate', `${gate.target.nodeId} ${gate.question}`))
      this.#note(`${gate.target.name}  asks a person: ${gate.question} (headroom runs answer ${runName(run.id)})`);
    if (this.#fresh('run', run.status))
      this.#note(`${runName(run.id)}  ${run.status}${run.status === 'running' ? '' : `: ${run.summary}`}`);
  }

  away(): void {
    if (!this.#away) this.#note('the console gives no answer; the run goes on without it, and this waits');
    this.#away = true;
  }

  #batch(run: Run, { batch }: RunTarget, batches: number): void {
    if (batches < 2 || !this.#fresh(`batch ${batch}`, 'begun')) return;
    const first = Math.min(...run.targets.map((target) => target.batch));
    const size = run.targets.filter((target) => target.batch === batch).length;
    this.#note(`batch ${batch - first + 1} of ${batches}: ${plural(size, 'node')}`);
  }

  #steps(run: Run, target: RunTarget): void {
    const now = stepOf(run, target);
    for (const [i, step] of target.steps.entries())
      if (DONE.includes(step.status) && this.#fresh(`${target.nodeId} ${step.key}`, step.status))
        this.#note(
          `${target.name}  ${i + 1}/${target.steps.length} ${step.title}: ${step.status}${step.summary === '' ? '' : `, ${step.summary}`}`,
        );
    if (now && this.#fresh(`${target.nodeId} step ${now.number}`, now.status))
      this.#note(`${target.name}  ${now.number}/${now.of} ${now.title}${now.status === 'waiting' ? ' waits' : ' …'}`);
  }

  #fresh(what: string, state: string): boolean {
    const known = this.#said.get(what) === state;
    this.#said.set(what, state);
    return !known;
  }

  #note(line: string): void {
    this.#call.note(`${formatClock(this.#call.now())}  ${line}`);
  }
}
