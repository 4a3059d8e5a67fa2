import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type RunStatus, runSchema, type StepStatus, type Verdict } from '#shared/runs.ts';
import { HANG_UP, NOW, problem, scriptedConsole } from '#test/support/scripted-console.ts';

const STEPS = ['preflight', 'edit-config', 'restart', 'watch'];
const at = new Date(NOW).toISOString();
const OPTIONS = [
  { value: 'keep', label: 'Keep and disarm', danger: false },
  { value: 'revert', label: 'Revert now', danger: true },
];
const gate = { question: 'Keep or revert?', options: OPTIONS, default: 'keep', answer: null, by: null, at: null };

type Target = { name: string; batch: number; status: string; verdict?: Verdict; steps: StepStatus[]; summary?: string; gate?: boolean };
const run = (status: RunStatus, targets: Target[], more: object = {}) =>
  runSchema.parse({
    id: 'r_01hxyz4f2k9',
    runbook: { key: 'fd-leak', version: '1', title: 'Descriptor leak' },
    selector: 'group=edge',
    strategy: {},
    params: {},
    dryRun: false,
    status,
    verdict: null,
    summary: `the run is ${status}`,
    startedBy: 'ana',
    createdAt: at,
    finishedAt: null,
    plan: STEPS.map((key) => ({ key, kind: key, title: key })),
    targets: targets.map(({ name, batch, status: state, verdict = null, steps, summary = '', gate: asks }) => ({
      nodeId: `n_${name}`,
      name,
      batch,
      status: state,
      verdict,
      summary,
      judgement: null,
      revertAt: null,
      steps: steps.map((step, i) => ({
        key: STEPS[i],
        kind: STEPS[i],
        title: STEPS[i],
        status: step,
        verdict: null,
        summary: step === 'succeeded' ? 'as it should be' : '',
        startedAt: step === 'pending' ? null : at,
        finishedAt: null,
        output: '',
        gate: asks && step === 'waiting' ? gate : null,
        evidence: [],
      })),
    })),
    ...more,
  });
const done: StepStatus[] = ['succeeded', 'succeeded', 'succeeded', 'succeeded'];
const listed = ({ targets, ...rest }: ReturnType<typeof run>) => ({
  ...rest,
  targetCount: targets.length,
  targetNames: targets.map((t) => t.name),
});

const BEGUN = run('running', [
  { name: 'edge-1', batch: 0, status: 'running', steps: ['running', 'pending', 'pending', 'pending'] },
  { name: 'edge-2', batch: 1, status: 'pending', steps: ['pending', 'pending', 'pending', 'pending'] },
]);
const HALF = run('running', [
  { name: 'edge-1', batch: 0, status: 'succeeded', verdict: 'pass', steps: done, summary: 'fixed' },
  { name: 'edge-2', batch: 1, status: 'running', steps: ['succeeded', 'running', 'pending', 'pending'] },
]);
const ended = (status: RunStatus, verdict: Verdict | null, summary: string) =>
  run(
    status,
    [
      { name: 'edge-1', batch: 0, status: 'succeeded', verdict: 'pass', steps: done, summary: 'fixed' },
      {
        name: 'edge-2',
        batch: 1,
        status: status === 'succeeded' ? 'succeeded' : 'failed',
        ...(verdict && { verdict }),
        steps: done,
        summary,
      },
    ],
    { verdict, summary },
  );
const SHORT = { 'GET runs': [{ stopped: null, runs: [listed(BEGUN)] }] };
const ONE = 'GET runs/r_01hxyz4f2k9';

describe('headroom runs start', () => {
  test('sends what was said and nothing else, once', async (t) => {
    const { cli, asked } = await scriptedConsole(t, { 'POST runs': [BEGUN] });
    const plain = await cli(['runs', 'start', 'fd-leak', 'name=edge-1']);
    assert.equal(plain.code, 0);
    assert.match(plain.text, /R-4F2K9: Descriptor leak on 2 nodes\n.*\/runs\/r_01hxyz4f2k9\n.*headroom runs watch R-4F2K9/);
    assert.deepEqual(asked[0]?.body, { runbook: 'fd-leak', selector: 'name=edge-1', params: {}, dryRun: false, strategy: {} });
    assert.ok(asked[0]?.key);
    const words = [
      '--param',
      'watchSeconds=90',
      '--param',
      'enabled=false',
      '--param',
      'release=0a',
      '--batches',
      '1,10%,100%',
      '--auto-gates',
    ];
    await cli(['runs', 'start', 'fd-leak', '*', ...words, '--dry-run', '--on-fail', 'abort', '--max-failed', '2']);
    assert.deepEqual(asked[1]?.body, {
      runbook: 'fd-leak',
      selector: '*',
      params: { watchSeconds: 90, enabled: false, release: '0a' },
      dryRun: true,
      strategy: { batches: [1, '10%', '100%'], maxFailed: 2, onFail: 'abort', gates: 'auto' },
    });
  });

  test('a selector that matches nothing ends with 2 and says how to look', async (t) => {
    const { cli } = await scriptedConsole(t, { 'POST runs': [problem('selector.no-match', 'name=x matches none of 5 nodes')] });
    const { code, text } = await cli(['runs', 'start', 'fd-leak', 'name=x', '--watch']);
    assert.deepEqual([code, /selector\.no-match[\s\S]*headroom nodes ls SELECTOR/.test(text)], [2, true]);
  });
});

describe('headroom runs watch', () => {
  test('says batches, steps and verdicts as they come, each once, and ends with the verdict', async (t) => {
    const end = ended('succeeded', 'pass', 'fixed on 2 nodes');
    const { cli, notes } = await scriptedConsole(t, { 'POST runs': [BEGUN], [ONE]: [BEGUN, HALF, HALF, end] });
    const { code, text, error } = await cli(['runs', 'start', 'fd-leak', 'group=edge', '--watch']);
    assert.deepEqual([code, text, error], [0, 'R-4F2K9: succeeded, PASS: fixed on 2 nodes', undefined]);
    assert.deepEqual(
      notes.slice(1).map((line) => line.slice(10)),
      [
        'batch 1 of 2: 1 node',
        'edge-1  1/4 preflight …',
        'R-4F2K9  running',
        ...STEPS.map((step, i) => `edge-1  ${i + 1}/4 ${step}: succeeded, as it should be`),
        'edge-1  PASS: fixed',
        'edge-1  succeeded',
        'batch 2 of 2: 1 node',
        'edge-2  1/4 preflight: succeeded, as it should be',
        'edge-2  2/4 edit-config …',
        ...STEPS.slice(1).map((step, i) => `edge-2  ${i + 2}/4 ${step}: succeeded, as it should be`),
        'edge-2  PASS: fixed on 2 nodes',
        'edge-2  succeeded',
        'R-4F2K9  succeeded: fixed on 2 nodes',
      ],
    );
    assert.match(notes[1] ?? '', /^14:32:00 {2}batch/);
  });

  test('the exit code is the verdict: 1 not fixed, aborted or rolled back, 3 inconclusive', async (t) => {
    for (const [end, code] of [
      [ended('failed', 'fail', 'not fixed'), 1],
      [ended('failed', 'inconclusive', 'cannot tell'), 3],
      [ended('aborted', null, 'aborted by ana'), 1],
      [ended('rolled-back', null, 'rolled back'), 1],
    ] as const) {
      const { cli } = await scriptedConsole(t, { ...SHORT, [ONE]: [end] });
      const told = await cli(['runs', 'watch', 'R-4F2K9']);
      assert.equal(told.code, code, end.status);
      assert.match(told.text, new RegExp(`edge-2: failed, ${end.summary}`));
    }
  });

  test('where no terminal is the output is the run as it ended, as JSON; progress is apart from it', async (t) => {
    const { cli, notes } = await scriptedConsole(t, { [ONE]: [BEGUN, ended('succeeded', 'pass', 'fixed')] });
    const { text } = await cli(['runs', 'watch', 'r_01hxyz4f2k9'], { terminal: false });
    assert.equal(JSON.parse(text).status, 'succeeded');
    assert.ok(notes.length > 5);
  });

  test('Ctrl-C ends the watching alone: nothing is sent, and it says that the run goes on', async (t) => {
    const { cli, asked, interrupt } = await scriptedConsole(t, { ...SHORT, [ONE]: [BEGUN] });
    const { code, text } = await cli(['runs', 'watch', '4f2k9'], { onSleep: (nth) => nth === 3 && interrupt() });
    assert.equal(code, 130);
    assert.match(text, /R-4F2K9 goes on \(running\); this ended nothing/);
    assert.ok(asked.every(({ route }) => route.startsWith('GET ')));
  });

  test('a console that is started anew is waited for, and said once; one that stays away ends with 4', async (t) => {
    const { cli, notes } = await scriptedConsole(t, {
      [ONE]: [BEGUN, HANG_UP, problem('request.rate-limited', 'wait'), HANG_UP, ended('succeeded', 'pass', 'fixed')],
    });
    assert.equal((await cli(['runs', 'watch', 'r_01hxyz4f2k9'])).code, 0);
    assert.equal(notes.filter((line) => line.includes('gives no answer')).length, 1);
    assert.ok(notes.some((line) => line.includes('answers again')));
    const gone = await scriptedConsole(t, { [ONE]: [BEGUN, HANG_UP] });
    assert.equal((await gone.cli(['runs', 'watch', 'r_01hxyz4f2k9'])).code, 4);
  });

  test('a question to a person is said; --until-paused ends there, with what is known', async (t) => {
    const asks = run('waiting', [
      { name: 'edge-1', batch: 0, status: 'waiting', steps: ['succeeded', 'succeeded', 'succeeded', 'waiting'], gate: true },
    ]);
    const waits = await scriptedConsole(t, { [ONE]: [BEGUN, asks] });
    assert.equal((await waits.cli(['runs', 'watch', 'r_01hxyz4f2k9', '--until-paused'])).code, 3);
    assert.ok(waits.notes.some((line) => line.endsWith('edge-1  asks a person: Keep or revert? (headroom runs answer R-4F2K9)')));
    const paused = await scriptedConsole(t, { [ONE]: [{ ...ended('paused', 'fail', 'not fixed'), status: 'paused' }] });
    assert.equal((await paused.cli(['runs', 'watch', 'r_01hxyz4f2k9', '--until-paused'])).code, 1);
  });

  test('a run of many nodes, which comes without their steps, is told by its plan', async (t) => {
    const many = run('running', [{ name: 'edge-1', batch: 0, status: 'running', steps: [] }], { detail: 'matrix' });
    const marked = (marks: StepStatus[]) => ({ ...many, targets: many.targets.map((target) => ({ ...target, marks })) });
    const { cli, notes } = await scriptedConsole(t, {
      [ONE]: [
        marked(['running', 'pending', 'pending', 'pending']),
        marked(['succeeded', 'succeeded', 'running', 'pending']),
        ended('succeeded', 'pass', 'fixed'),
      ],
    });
    await cli(['runs', 'watch', 'r_01hxyz4f2k9']);
    assert.ok(notes.some((line) => line.endsWith('edge-1  3/4 restart …')));
  });
});

describe('the other verbs of runs', () => {
  test('ls shows what goes on, --all the rest, and a stop above it', async (t) => {
    const over = { ...listed(ended('failed', 'fail', 'not fixed')), id: 'r_01hxyzaaaaa' };
    const stopped = { by: 'ana', reason: 'network of fra', at };
    const { cli } = await scriptedConsole(t, { 'GET runs': [{ stopped, runs: [listed(BEGUN), over] }] });
    const { text } = await cli(['runs', 'ls']);
    assert.match(text, /^ALL RUNS ARE STOPPED by ana: network of fra\n\nRUN +RUNBOOK +STATUS/);
    assert.deepEqual([text.includes('R-4F2K9  fd-leak  running'), text.includes('R-AAAAA')], [true, false]);
    assert.ok((await cli(['runs', 'ls', '--all'])).text.includes('R-AAAAA'));
  });

  test('abort, pause and resume take a name; stop-all has its reason; allow ends it', async (t) => {
    const { cli, asked } = await scriptedConsole(t, {
      ...SHORT,
      [ONE]: [BEGUN],
      ...Object.fromEntries(['abort', 'pause', 'resume'].map((act) => [`POST runs/r_01hxyz4f2k9/${act}`, [BEGUN]])),
      'POST runs/stop-all': [{ stopped: null, paused: [] }],
      'POST runs/allow': [{ stopped: null, paused: [] }],
    });
    for (const act of ['abort', 'pause', 'resume']) {
      const { code, text } = await cli(['runs', act, 'R-4F2K9']);
      assert.deepEqual([code, text], [0, 'R-4F2K9: running, the run is running']);
    }
    assert.match((await cli(['runs', 'stop-all', 'network', 'of', 'fra'])).text, /1 run held[\s\S]*R-4F2K9 {2}running/);
    assert.deepEqual(asked.find(({ route }) => route === 'POST runs/stop-all')?.body, { reason: 'network of fra' });
    assert.match((await cli(['runs', 'allow'])).text, /may start and go on/);
  });
});

describe('headroom runs answer', () => {
  const waits = (name: string) => ({
    ...{ name, batch: 0, status: 'waiting', verdict: 'pass' as const, gate: true },
    steps: ['succeeded', 'succeeded', 'succeeded', 'waiting'] satisfies StepStatus[],
  });
  const POST = 'POST runs/r_01hxyz4f2k9/gates/watch';

  test('shows the question with its answers and ends with 3; an answer is sent to the node that asks', async (t) => {
    const { cli, asked } = await scriptedConsole(t, { ...SHORT, [ONE]: [run('waiting', [waits('edge-1')]), BEGUN], [POST]: [BEGUN] });
    const shown = await cli(['runs', 'answer', 'R-4F2K9']);
    assert.equal(shown.code, 3);
    assert.match(
      shown.text,
      /^edge-1: Keep or revert\?\n {2}keep {2}Keep and disarm \(default\)\n {2}revert {2}Revert now\n\nheadroom runs answer R-4F2K9 ANSWER$/,
    );
    assert.deepEqual(
      asked.some(({ route }) => route === POST),
      false,
    );
  });

  test('one answer for one node; of several, only for those that are named; nothing that is no answer', async (t) => {
    const two = run('waiting', [waits('edge-1'), waits('edge-2')]);
    const { cli, asked } = await scriptedConsole(t, { ...SHORT, [ONE]: [two], [POST]: [BEGUN] });
    const which = await cli(['runs', 'answer', 'R-4F2K9', 'keep']);
    assert.deepEqual([which.code, /2 nodes wait for an answer: edge-1, edge-2; say which with --node NAME/.test(which.text)], [2, true]);
    const wrong = await cli(['runs', 'answer', 'R-4F2K9', 'maybe', '--node', 'edge-1']);
    assert.deepEqual([wrong.code, /"maybe" is no answer .* it takes keep or revert/.test(wrong.text)], [2, true]);
    assert.equal((await cli(['runs', 'answer', 'R-4F2K9', 'keep', '--node', 'edge-9'])).code, 2);
    assert.equal(
      asked.some(({ route }) => route === POST),
      false,
    );
    assert.equal((await cli(['runs', 'answer', 'R-4F2K9', 'revert', '--node', 'edge-2'])).code, 0);
    assert.deepEqual(
      asked.filter(({ route }) => route === POST).map(({ body }) => body),
      [{ answer: 'revert', nodeId: 'n_edge-2' }],
    );
  });

  test('a run that asks nothing says so', async (t) => {
    const { cli } = await scriptedConsole(t, { ...SHORT, [ONE]: [BEGUN] });
    const idle = await cli(['runs', 'answer', 'R-4F2K9']);
    assert.deepEqual([idle.code, /asks nothing: running/.test(idle.text)], [0, true]);
    assert.equal((await cli(['runs', 'answer', 'R-4F2K9', 'keep'])).code, 2);
  });
});
