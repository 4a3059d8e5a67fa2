import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Proof } from '#server/runs/evidence.ts';
import type { StepContext } from '#server/runs/steps/context.ts';
import { notify } from '#server/runs/steps/notify.ts';
import { lintSteps } from '#shared/runbook-lint.ts';
import { parseRunbookText } from '#shared/runbook-text.ts';
import { testConsole } from '#test/support/console.ts';
import { sink, webhookTo } from './rig.ts';

/** What the step looks at of its context; the rest is not there. */
const partly = (context: Partial<StepContext>): StepContext => context as StepContext;

async function step(t: TestContext, options: { dryRun?: boolean; onFail?: 'stop' | 'continue'; seconds?: number } = {}) {
  const { runtime } = await testConsole(t);
  runtime.notify.start();
  const receiver = await sink(t);
  await webhookTo(runtime, receiver.url, 'sre');
  const proofs: Proof[] = [];
  const context = partly({
    run: {
      id: 'r_1',
      opsId: 'r_1',
      strategy: {} as StepContext['run']['strategy'],
      params: { why: 'the pool leaks' },
      dryRun: options.dryRun ?? false,
      steps: [],
    },
    node: { id: 'n_1', name: 'edge-01' } as StepContext['node'],
    step: {
      key: 'tell',
      title: 'Tell the others',
      params: { channel: 'sre', text: '{node} restarts in {run}: {params.why}' },
      onFail: options.onFail ?? 'stop',
    } as unknown as StepContext['step'],
    messages: runtime.notify.messages,
    clock: runtime.clock,
    signal: new AbortController().signal,
    deadline: Date.now() + (options.seconds ?? 20) * 1000,
    say: () => undefined,
    prove: async (proof) => void proofs.push(proof),
  });
  return { run: () => notify(context), proofs, receiver };
}

describe('the step notify', () => {
  test('tells the channel once, also when it is begun anew, and the answer is its evidence', async (t) => {
    const { run, proofs, receiver } = await step(t);
    const first = await run();
    const second = await run();
    assert.deepEqual([first.status, second.status, receiver.got.length], ['succeeded', 'succeeded', 1]);
    const said = JSON.parse(receiver.got[0]?.body ?? '');
    assert.deepEqual(
      [said.type, said.data.title, said.data.text],
      ['message', 'edge-01: Tell the others', 'edge-01 restarts in r_1: the pool leaks'],
    );
    assert.match(proofs[0]?.value ?? '', /answered 200/);
    assert.equal(proofs[0]?.verdict, 'pass');
  });

  test('fails with the receiver’s words when it is not taken, and is only doubtful where the runbook goes on', async (t) => {
    for (const [onFail, status] of [
      ['stop', 'failed'],
      ['continue', 'inconclusive'],
    ] as const) {
      const { run, proofs, receiver } = await step(t, { onFail });
      receiver.state.answer = (_, response) => response.writeHead(404).end('no such hook');
      const result = await run();
      assert.equal(result.status, status);
      assert.match(result.summary, /sre was not told: .* answered 404: no such hook/);
      assert.equal(proofs[0]?.verdict, 'fail');
    }
  });

  test('in a dry run it says what it would say, to nobody', async (t) => {
    const { run, proofs, receiver } = await step(t, { dryRun: true });
    assert.equal((await run()).status, 'succeeded');
    assert.equal(proofs[0]?.raw, 'edge-01 restarts in r_1: the pool leaks');
    assert.equal(receiver.got.length, 0);
  });

  test('the check of a runbook names what a step may not be told', () => {
    const of = (params: string) =>
      `---\nkey: x\ntitle: X\nsummary: S\nmutates: false\n---\n\n## Tell\n\n\`\`\`step\nkind: notify\nparams: ${params}\n\`\`\`\n`;
    const findings = (params: string) => lintSteps(parseRunbookText(of(params))).map((f) => f.message);
    assert.deepEqual(findings('{ channel: sre, text: "{node} restarts" }'), []);
    assert.match(findings('{ channel: sre, text: "{host} restarts" }').join(), /names \{host\}: it may name \{node\}/);
    assert.match(findings('{ text: hello }').join(), /params\.channel/);
  });
});
