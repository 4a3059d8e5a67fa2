import { randomUUID } from 'node:crypto';
import type { Chaotic } from './process.ts';
import type { Random } from './random.ts';

/** What a client knows of one thing that it asked for. `open`: it was sent, and the console died before it answered. */
export type Known<T> = { value: T | null; open: T | null | undefined };
type Node = { name: string; version: number; labels: Record<string, string> };
type Pending = { what: string; key: string; again: () => Promise<void> };

export type Ledger = {
  nodes: Map<string, Known<Node>>;
  /** nodes whose adding nobody answered, by name */
  addings: Map<string, string>;
  tokens: Map<string, Known<string>>;
  rules: Map<string, Known<string>>;
  /** key of a runbook → the newest version number that was acknowledged */
  runbooks: Map<string, number>;
  runs: Set<string>;
  acknowledged: number;
  refused: number;
  unanswered: number;
  /** to be asked again, with the same Idempotency-Key, when a console is there again */
  pending: Pending[];
  nth: number;
};

export const newLedger = (): Ledger => ({
  ...{ nodes: new Map(), addings: new Map(), tokens: new Map(), rules: new Map(), runbooks: new Map(), runs: new Set() },
  ...{ acknowledged: 0, refused: 0, unanswered: 0, pending: [], nth: 0 },
});

type Work = { console: Chaotic; ledger: Ledger; random: Random; runSelectors: readonly string[] };

/** One change, by chance. Resolves when it was answered; an answer that never came is noted in the ledger. */
export async function change(work: Work): Promise<void> {
  const { random, ledger } = work;
  const changes = [
    addNode,
    addNode,
    updateNode,
    updateNode,
    removeNode,
    createToken,
    revokeToken,
    addRule,
    removeRule,
    saveRunbook,
    startRun,
  ];
  ledger.nth += 1;
  await random.pick(changes)(work, ledger.nth);
}

type Answer = { status: number; json: unknown } | null;

/** null: nobody knows whether it was done. */
async function send(
  { console, ledger }: Work,
  method: string,
  at: string,
  o: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  let answer: Answer;
  try {
    answer = await console.ask(method, at, o);
  } catch {
    ledger.unanswered += 1;
    return null;
  }
  // a console that has just begun to stop or start did nothing
  if (answer.status >= 500) throw new Error(`${method} ${at}: ${answer.status} ${JSON.stringify(answer.json)}`);
  if (answer.status < 300) ledger.acknowledged += 1;
  else ledger.refused += 1;
  return answer;
}

const field = (answer: { json: unknown }, name: string): unknown => (answer.json as Record<string, unknown>)[name];
const done = (answer: Answer): answer is { status: number; json: unknown } => answer !== null && answer.status < 300;

async function addNode(work: Work, nth: number): Promise<void> {
  const name = `edge-${nth}`;
  const key = randomUUID();
  const body = { name, host: '127.0.0.1', sshPort: 1, user: 'sre', metrics: { via: 'none' }, labels: { nth: `${nth}` } };
  const again = async () => {
    const answer = await send(work, 'POST', 'nodes', { body, headers: { 'idempotency-key': key } });
    if (!done(answer)) return void work.ledger.addings.set(name, key);
    work.ledger.addings.delete(name);
    work.ledger.nodes.set(String(field(answer, 'id')), { value: { name, version: 1, labels: body.labels }, open: undefined });
  };
  await again();
  if (work.ledger.addings.has(name)) work.ledger.pending.push({ what: `add ${name}`, key, again });
}

/** One whose state is known, and that nobody else is changing now. */
function settled<T>(known: ReadonlyMap<string, Known<T>>, random: Random): { id: string; known: Known<T>; value: T } | null {
  const sure = [...known].flatMap(([id, one]) =>
    one.value !== null && one.open === undefined ? [{ id, known: one, value: one.value }] : [],
  );
  return sure.length === 0 ? null : random.pick(sure);
}

async function updateNode(work: Work, nth: number): Promise<void> {
  const found = settled(work.ledger.nodes, work.random);
  if (!found) return;
  const { id, known, value } = found;
  const next = { ...value, version: value.version + 1, labels: { nth: `${nth}`, changed: 'yes' } };
  known.open = next;
  const headers = { 'if-match': `"${value.version}"` };
  const answer = await send(work, 'PATCH', `nodes/${id}`, { body: { labels: next.labels }, headers });
  if (answer === null) return;
  known.open = undefined;
  if (done(answer)) known.value = next;
}

async function removeNode(work: Work): Promise<void> {
  if (work.ledger.nodes.size < 6) return;
  const found = settled(work.ledger.nodes, work.random);
  if (!found) return;
  const { id, known, value } = found;
  known.open = null;
  const answer = await send(work, 'DELETE', `nodes/${id}`, { headers: { 'if-match': `"${value.version}"` } });
  if (answer === null) return;
  known.open = undefined;
  if (done(answer)) known.value = null;
}

async function createToken(work: Work, nth: number): Promise<void> {
  const answer = await send(work, 'POST', 'tokens', { body: { name: `token ${nth}`, role: 'viewer' } });
  if (done(answer)) work.ledger.tokens.set(String(field(answer, 'id')), { value: String(field(answer, 'token')), open: undefined });
}

async function revokeToken(work: Work): Promise<void> {
  await take(work, work.ledger.tokens, 'tokens');
}

async function addRule(work: Work, nth: number): Promise<void> {
  const body = { kind: 'approval', selector: `name=none-${nth}`, reason: `rule ${nth}` };
  const answer = await send(work, 'POST', 'change-rules', { body });
  if (done(answer)) work.ledger.rules.set(String(field(answer, 'id')), { value: body.reason, open: undefined });
}

async function removeRule(work: Work): Promise<void> {
  await take(work, work.ledger.rules, 'change-rules');
}

async function take(work: Work, from: Map<string, Known<string>>, noun: string): Promise<void> {
  const found = settled(from, work.random);
  if (!found) return;
  const { id, known } = found;
  known.open = null;
  const answer = await send(work, 'DELETE', `${noun}/${id}`);
  if (answer === null) return;
  known.open = undefined;
  if (done(answer)) known.value = null;
}

async function saveRunbook(work: Work, nth: number): Promise<void> {
  const key = `own-${nth % 3}`;
  const text = RUNBOOK.replace('KEY', key).replace('TITLE', `Version of change ${nth}`);
  const answer = await send(work, 'POST', 'runbooks', { body: { text } });
  if (done(answer)) work.ledger.runbooks.set(key, Math.max(nth, work.ledger.runbooks.get(key) ?? 0));
}

const RUNBOOK = `---
key: KEY
title: TITLE
summary: Look at the service.
mutates: false
---

## Look

### Preflight

\`\`\`step
kind: preflight
timeout: 20
proves:
  - The node answers.
doesNotProve:
  - Anything else.
\`\`\`
`;

/** Real restarts of the real nodes; most are refused because a run is on them. */
async function startRun(work: Work): Promise<void> {
  const key = randomUUID();
  const strategy = { gates: 'auto', onFail: 'abort', onInconclusive: 'continue', batches: ['100%'] };
  const body = { runbook: 'rolling-restart', selector: work.random.pick(work.runSelectors), strategy };
  const again = async () => {
    const answer = await send(work, 'POST', 'runs', { body, headers: { 'idempotency-key': key } });
    if (answer === null) work.ledger.pending.push({ what: 'start a run', key, again });
    else if (done(answer)) work.ledger.runs.add(String(field(answer, 'id')));
  };
  await again();
}
