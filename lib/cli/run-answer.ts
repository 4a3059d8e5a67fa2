import { randomUUID } from 'node:crypto';
import { runName } from '#shared/run-name.ts';
import { type GateState, type Run, type RunTarget, runSchema, runTargetSchema } from '#shared/runs.ts';
import { listed, plural } from '#shared/units/count.ts';
import { type Answer, good } from './answer.ts';
import { type Console, openConsole, segment } from './ask.ts';
import { AskedWrongly, type Call } from './command.ts';
import { findRun } from './runs.ts';

type Asked = { target: RunTarget; step: string; gate: GateState };
const MOST_SHOWN = 20;

/** What a run asks a person, or the answer to it. */
export async function answerRun(call: Call): Promise<Answer> {
  const console = openConsole(call);
  const [called = '', answer] = call.args;
  const run = await findRun(console, called);
  const waiting = waitingOn(run, call.values('node'));
  if (answer === undefined)
    return show(call, run, await Promise.all(waiting.slice(0, MOST_SHOWN).map((target) => askedOf(console, run, target))));
  const [first] = waiting;
  if (first === undefined) throw new AskedWrongly(`${runName(run.id)} asks nothing: it is ${run.status}`);
  if (waiting.length > 1 && call.values('node').length === 0)
    throw new AskedWrongly(
      `${plural(waiting.length, 'node')} wait for an answer: ${names(waiting)}; say which with --node NAME, as often as is meant`,
    );
  const asked: Asked[] = [];
  for (const target of waiting) asked.push(await askedOf(console, run, target));
  for (const { target, gate } of asked)
    if (!gate.options.some(({ value }) => value === answer))
      throw new AskedWrongly(`"${answer}" is no answer to "${gate.question}" on ${target.name}: it takes ${choices(gate)}`);
  for (const { target, step } of asked)
    await console.http.post(`runs/${segment(run.id)}/gates/${segment(step)}`, runSchema, {
      body: { answer, nodeId: target.nodeId },
      headers: { 'idempotency-key': randomUUID() },
    });
  const after = await console.http.get(`runs/${segment(run.id)}`, runSchema);
  if (call.json) return good(JSON.stringify(after));
  return good(
    ...asked.map(({ target, gate }) => `${target.name}: ${gate.options.find(({ value }) => value === answer)?.label ?? answer}`),
    `${runName(run.id)}: ${after.status}, ${after.summary}`,
  );
}

function waitingOn(run: Run, named: readonly string[]): RunTarget[] {
  const waiting = run.targets.filter(({ status }) => status === 'waiting');
  const other = named.find((name) => !waiting.some((target) => target.name === name));
  if (other !== undefined)
    throw new AskedWrongly(
      `${runName(run.id)} asks nothing about "${other}"${waiting.length === 0 ? '' : `, but about ${names(waiting)}`}`,
    );
  return named.length === 0 ? waiting : waiting.filter(({ name }) => named.includes(name));
}

/** A run of many nodes comes without their steps: each node's own answer has them. */
async function askedOf({ http }: Console, run: Run, target: RunTarget): Promise<Asked> {
  const whole =
    target.steps.length > 0 ? target : await http.get(`runs/${segment(run.id)}/targets/${segment(target.nodeId)}`, runTargetSchema);
  const step = whole.steps.find(({ status, gate }) => status === 'waiting' && gate !== null);
  if (!step?.gate) throw new AskedWrongly(`${target.name} was answered meanwhile`);
  return { target: whole, step: step.key, gate: step.gate };
}

function show(call: Call, run: Run, asked: Asked[]): Answer {
  if (call.json)
    return {
      lines: [JSON.stringify({ id: run.id, status: run.status, asks: asked.map(({ target, gate }) => ({ node: target.name, ...gate })) })],
      code: asked.length > 0 ? 3 : 0,
    };
  if (asked.length === 0) return good(`${runName(run.id)} asks nothing: ${run.status}, ${run.summary}`);
  const lines = asked.flatMap(({ target, gate }) => [
    `${target.name}: ${gate.question}${judged(target)}`,
    ...gate.options.map(({ value, label }) => `  ${value}  ${label}${value === gate.default ? ' (default)' : ''}`),
  ]);
  const node = asked.length > 1 ? ' --node NAME' : '';
  return { lines: [...lines, '', `headroom runs answer ${runName(run.id)} ANSWER${node}`], code: 3 };
}

/** What the watching of the new process found, which the question is about. */
const judged = ({ steps }: RunTarget): string => {
  const found = steps.find(({ kind }) => kind === 'watch')?.summary;
  return found ? `\n  ${found}` : '';
};
const choices = ({ options }: GateState): string => options.map(({ value }) => value).join(' or ');
const names = (targets: readonly RunTarget[]): string =>
  listed(
    targets.map(({ name }) => name),
    MOST_SHOWN,
  );
