import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Http } from '#client/http.ts';
import { runName } from '#shared/run-name.ts';
import { hasEnded, type Run, type RunList, runInputSchema, runListSchema, runSchema } from '#shared/runs.ts';
import { plural } from '#shared/units/count.ts';
import { formatAgo } from '#shared/units/time.ts';
import { type Answer, good } from './answer.ts';
import { type Console, openConsole, segment } from './ask.ts';
import { AskedWrongly, type Call, pairs, wholeNumber } from './command.ts';
import { table } from './table.ts';
import { watchRun } from './watch.ts';

export async function listRuns(call: Call): Promise<Answer> {
  const { runs, stopped } = await openConsole(call).http.get('runs', runListSchema);
  const shown = runs.filter(({ status }) => call.flag('all') || !hasEnded(status));
  const some = shown.length > 0 || call.flag('all') ? shown : runs.slice(0, 10);
  if (call.json) return good(JSON.stringify({ stopped, runs: call.flag('all') ? runs : some }));
  const halt = stopped === null ? [] : [`ALL RUNS ARE STOPPED by ${stopped.by}: ${stopped.reason}`, ''];
  if (runs.length === 0) return good(...halt, 'No runs yet: headroom runs start.');
  const title = shown.length > 0 ? [] : ['No run is going on; the last ones were:', ''];
  const rows = some.map((run) => rowOf(run, call.now()));
  return good(...halt, ...title, ...table(['run', 'runbook', 'status', 'verdict', 'nodes', 'by', 'begun', ''], rows));
}

const rowOf = (run: RunList['runs'][number], now: number): string[] => [
  runName(run.id),
  `${run.runbook.key}${run.dryRun ? ' (dry run)' : ''}`,
  run.status,
  run.verdict ?? '–',
  run.targetCount === 1 ? (run.targetNames[0] ?? '1') : `${run.targetCount}`,
  run.startedBy,
  formatAgo((now - Date.parse(run.createdAt)) / 1000),
  run.summary,
];

/** A run is called by its id, or by its name, R-4F2K9, or the end of it. */
async function runId(http: Http, called: string): Promise<string> {
  const short = /^(?:R-)?([A-Z0-9]{5})$/i.exec(called)?.[1]?.toUpperCase();
  if (short === undefined) return called;
  const { runs } = await http.get('runs', runListSchema);
  const found = runs.filter(({ id }) => id === called || runName(id) === `R-${short}`);
  if (found.length > 1)
    throw new AskedWrongly(`${plural(found.length, 'run')} are called ${called}: ${found.map(({ id }) => id).join(', ')}`);
  return found[0]?.id ?? called;
}

export async function startRun(call: Call): Promise<Answer> {
  const [runbook = '', selector = ''] = call.args;
  const batches = call.value('batches');
  const [maxParallel, maxFailed, bakeSeconds] = ['max-parallel', 'max-failed', 'bake'].map((name) => wholeNumber(call, name));
  const onFail = call.value('on-fail');
  const reason = call.value('override');
  const body = {
    runbook,
    selector,
    params: Object.fromEntries(pairs(call, 'param').map(([key, value]) => [key, scalar(value)])),
    dryRun: call.flag('dry-run'),
    strategy: {
      ...(batches !== undefined && { batches: batches.split(',').map((part) => (/^\d+$/.test(part) ? Number(part) : part)) }),
      ...(maxParallel !== undefined && { maxParallel }),
      ...(maxFailed !== undefined && { maxFailed }),
      ...(bakeSeconds !== undefined && { bakeSeconds }),
      ...(onFail !== undefined && { onFail }),
      ...(call.flag('auto-gates') && { gates: 'auto' }),
    },
    ...(reason !== undefined && { override: { reason } }),
  };
  // only looked at: what was not said stays unsaid, so that the runbook's own strategy holds
  const input = runInputSchema.safeParse(body);
  if (!input.success) throw new AskedWrongly(input.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'));
  const console = openConsole(call);
  const run = await console.http.post('runs', runSchema, { body, headers: { 'idempotency-key': randomUUID() } });
  const words = `${runName(run.id)}: ${run.runbook.title} on ${plural(run.targets.length, 'node')}${run.dryRun ? ', a dry run' : ''}`;
  const where = `${console.url}/runs/${run.id}`;
  if (!call.flag('watch') && !call.flag('until-paused'))
    return good(...(call.json ? [JSON.stringify(run)] : [words, `  ${where}`, `  headroom runs watch ${runName(run.id)} follows it`]));
  call.note(`${words}  ${where}`);
  return watchRun(call, console, run);
}

/** `true`, `false` and numbers as such; everything else is text. */
const scalar = (text: string): string | number | boolean =>
  text === 'true' ? true : text === 'false' ? false : /^-?\d+(\.\d+)?$/.test(text) && text.length < 16 ? Number(text) : text;

export async function followRun(call: Call): Promise<Answer> {
  const console = openConsole(call);
  return watchRun(call, console, await findRun(console, call.args[0] ?? ''));
}

/** A run by its id or its name. */
export const findRun = async ({ http }: Console, called: string): Promise<Run> =>
  http.get(`runs/${segment(await runId(http, called))}`, runSchema);

export const actOn =
  (act: 'abort' | 'pause' | 'resume') =>
  async (call: Call): Promise<Answer> => {
    const { http } = openConsole(call);
    const id = await runId(http, call.args[0] ?? '');
    await http.post(`runs/${segment(id)}/${act}`, z.unknown(), { body: {}, headers: { 'idempotency-key': randomUUID() } });
    const run = await http.get(`runs/${segment(id)}`, runSchema);
    return good(call.json ? JSON.stringify(run) : `${runName(run.id)}: ${run.status}, ${run.summary}`);
  };

export async function stopAll(call: Call): Promise<Answer> {
  const reason = call.args.join(' ');
  const { http } = openConsole(call);
  await http.post('runs/stop-all', z.unknown(), { body: { reason } });
  const { runs } = await http.get('runs', runListSchema);
  const live = runs.filter(({ status }) => !hasEnded(status));
  if (call.json) return good(JSON.stringify({ stopped: true, reason, live: live.map(({ id, status }) => ({ id, status })) }));
  return good(
    `All runs are stopped: ${reason}`,
    `  ${plural(live.length, 'run')} held where no step is under way; none starts until headroom runs allow`,
    ...live.map(({ id, status, summary }) => `  ${runName(id)}  ${status}  ${summary}`),
  );
}

export async function allowRuns(call: Call): Promise<Answer> {
  await openConsole(call).http.post('runs/allow', z.unknown(), { body: {} });
  return good(
    call.json
      ? JSON.stringify({ stopped: false })
      : 'Runs may start and go on again. A run that was paused waits for headroom runs resume.',
  );
}
