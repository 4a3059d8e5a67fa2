import assert from 'node:assert/strict';
import type { Chaotic } from './process.ts';
import type { Known, Ledger } from './work.ts';

type Row = Record<string, unknown>;

async function list(console: Chaotic, at: string, noun: string): Promise<Row[]> {
  const { status, json } = await console.ask('GET', at);
  assert.equal(status, 200, `GET ${at}: ${JSON.stringify(json)}`);
  return (json as Record<string, Row[]>)[noun] ?? assert.fail(`GET ${at} has no ${noun}`);
}

/**
 * Holds a console that has just come back against what its clients know: what was acknowledged is there, what was not is there whole or not at all, and
 * the audit says the same. What was open is settled in the ledger by what is found.
 */
export async function checkAll(console: Chaotic, ledger: Ledger): Promise<{ auditRows: number }> {
  const { json } = await console.ask('GET', 'audit/verify');
  const state = json as { rows: number; problem: string | null };
  assert.equal(state.problem, null, `the audit: ${JSON.stringify(state)}`);
  assert.ok(state.rows >= ledger.acknowledged, `${ledger.acknowledged} changes were acknowledged, the audit has ${state.rows} rows`);
  await checkNodes(console, ledger);
  const tokens = new Set((await list(console, 'tokens', 'tokens')).map(({ id }) => String(id)));
  settleAll('token', ledger.tokens, tokens);
  for (const { value } of ledger.tokens.values())
    if (value !== null) assert.equal((await console.ask('GET', 'session', { headers: { authorization: `Bearer ${value}` } })).status, 200);
  settleAll('rule', ledger.rules, new Set((await list(console, 'change-rules', 'rules')).map(({ id }) => String(id))));
  const books = new Map((await list(console, 'runbooks', 'runbooks')).map(({ key, title }) => [String(key), String(title)]));
  for (const [key, nth] of ledger.runbooks) {
    const kept = Number(/^Version of change (\d+)$/.exec(books.get(key) ?? '')?.[1] ?? 0);
    // writers beside each other: a later save may be answered first
    assert.ok(kept >= nth - 8, `the runbook ${key} is of change ${kept}: change ${nth} was acknowledged`);
  }
  for (const id of ledger.runs)
    assert.equal((await console.ask('GET', `runs/${id}`)).status, 200, `run ${id} was acknowledged and is not there`);
  return { auditRows: state.rows };
}

async function checkNodes(console: Chaotic, ledger: Ledger): Promise<void> {
  const nodes = new Map((await list(console, 'nodes', 'nodes')).map((node) => [String(node.id), node]));
  for (const [id, known] of ledger.nodes) {
    const is = nodes.get(id);
    const fits = (wanted: typeof known.value) =>
      wanted === null ? is === undefined : is?.version === wanted.version && JSON.stringify(is?.labels) === JSON.stringify(wanted.labels);
    const expected = known.open === undefined ? [known.value] : [known.value, known.open];
    const found = expected.find(fits);
    assert.notEqual(found, undefined, `node ${id} should be one of ${JSON.stringify(expected)}: it is ${JSON.stringify(is)}`);
    known.value = found ?? null;
    known.open = undefined;
  }
  const names = [...nodes.values()].map(({ name }) => String(name));
  assert.equal(new Set(names).size, names.length, 'a name is there twice');
}

/** What is there by id: acknowledged ones are, taken ones are not, and what was open is one of both. */
function settleAll(noun: string, known: ReadonlyMap<string, Known<string>>, there: ReadonlySet<string>): void {
  for (const [id, one] of known) {
    if (one.open === undefined)
      assert.equal(there.has(id), one.value !== null, `${noun} ${id} was ${one.value === null ? 'taken away' : 'acknowledged'}`);
    else if (!there.has(id)) one.value = null;
    one.open = undefined;
  }
}
