import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { headroom } from '#cli/headroom.ts';
import { invitedSchema } from '#shared/account.ts';
import { changeRuleSchema } from '#shared/change-rules.ts';
import { hasEnded, type Run } from '#shared/runs.ts';
import { launchBrowser } from '#test/support/browser.ts';
import { ChangePage } from './pages/change-page.ts';
import { NodePage } from './pages/node-page.ts';
import { RunPage } from './pages/run-page.ts';
import { type Demo, startDemo } from './support/demo.ts';
import { within } from './support/within.ts';

const MINUTE = 60_000;
/** Where pictures of the pages go, to look at them. */
const SHOTS = process.env.HEADROOM_TEST_SHOTS;

/** Stops between the backup and the edit, so that a person has time to type. */
const BY_HAND = `---
key: by-hand
title: With time to type
summary: The way back is armed, then a person is asked; the edit and the restart may be done by hand.
mutates: true
---

## Before

### Preflight

\`\`\`step
kind: preflight
timeout: 20
\`\`\`

### Arm the automatic revert

\`\`\`step
kind: arm-revert
timeout: 60
\`\`\`

### Who types it?

\`\`\`step
key: who
kind: gate
timeout: 3600
params:
  question: Is it typed on the node?
  default: console
  options:
    - value: console
      label: The console does it
    - value: typed
      label: It is typed
      danger: true
\`\`\`

## Change

### Edit

\`\`\`step
kind: edit-config
timeout: 60
params:
  pool:
    max_per_host: 71
\`\`\`

### Restart

\`\`\`step
key: restart
kind: service
timeout: 120
params:
  action: restart
\`\`\`

### Verify the process

\`\`\`step
kind: verify-process
timeout: 90
\`\`\`

### Disarm the revert

\`\`\`step
kind: disarm-revert
timeout: 120
\`\`\`
`;

describe('a run in the hands of people, in a browser', { concurrency: false }, () => {
  let demo: Demo;
  let browser: Browser;
  let ada: Page;
  let ben: Page;
  let first = '';
  let second = '';

  const newPage = async () => {
    const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
    page.setDefaultTimeout(20_000);
    return page;
  };
  const config = (name: string) => fs.readFileSync(demo.node(name).configPath, 'utf8');
  const folder = (name: string) => path.resolve(path.dirname(demo.node(name).configPath), '../..');
  const stepOf = (run: Run, key: string, name = first) => run.targets.find((t) => t.name === name)?.steps.find((s) => s.key === key);
  const until = (id: string, what: string, holds: (run: Run) => boolean) =>
    within(`${what} of run ${id}`, 2 * MINUTE, async () => {
      const run = await demo.run(id);
      return holds(run) ? run : null;
    });
  const ended = (id: string) => until(id, 'the end', (run) => hasEnded(run.status));
  const rule = async (body: unknown) => {
    const answer = await demo.api('POST', 'change-rules', body);
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    const { id } = changeRuleSchema.parse(answer.body);
    return () =>
      ada.evaluate(
        async (at) => (await fetch(at, { method: 'DELETE', headers: { 'if-match': '*' } })).status,
        `/api/v1/change-rules/${id}`,
      );
  };
  const freeze = (name: string) =>
    rule({
      ...{ kind: 'freeze', selector: `name=${name}`, reason: 'Black Friday' },
      ...{ from: new Date(Date.now() - 1000).toISOString(), to: new Date(Date.now() + 60 * MINUTE).toISOString() },
    });
  const filled = async (page: Page, selector: string, value: string, gates: 'manual' | 'auto') => {
    const form = new ChangePage(page);
    await form.open(demo.meta().url, selector);
    await form.set('max_per_host', value);
    await form.strategy({ gates });
    await page.getByRole('button', { name: /^Start on/ }).isEnabled();
    return form;
  };
  const shot = async (page: Page, name: string) => {
    if (SHOTS) await page.screenshot({ path: path.join(SHOTS, `${name}.png`), fullPage: true });
  };

  before(async () => {
    [demo, browser] = await Promise.all([startDemo(['none', 'none']), launchBrowser()]);
    [first = '', second = ''] = demo
      .meta()
      .nodes.map(({ name }) => name)
      .sort();
    ada = await newPage();
    await ada.goto(demo.meta().signInUrl);
    await ada.getByRole('link', { name: 'Runs' }).first().waitFor();
    const invited = await ada.evaluate(async () => {
      const body = JSON.stringify({ email: 'ben@example.com', name: 'Ben', role: 'approver' });
      return (await fetch('/api/v1/users', { method: 'POST', headers: { 'content-type': 'application/json' }, body })).json();
    });
    ben = await newPage();
    await ben.goto(invitedSchema.parse(invited).link.link);
    await ben.getByLabel('New password').fill('correct horse battery');
    await ben.getByRole('button', { name: /^Set the password/ }).click();
    await ben.getByRole('link', { name: 'Runs' }).first().waitFor();
    await within('the nodes are up', MINUTE, async () => (await demo.fleet()).nodes.every((node) => node.state === 'up'));
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  test('a second person agrees in a browser of their own, the first one cannot; and the answer "revert" puts the file back', async () => {
    const text = config(first);
    const forget = await rule({ kind: 'approval', selector: `name=${first}`, reason: 'a bank is behind it' });
    const form = await filled(ada, `name=${first}`, '61', 'manual');
    const id = await form.follow(form.start);
    const asked = (page: Page) => page.getByRole('region', { name: 'A second person must agree' });
    await asked(ada).getByText('max_per_host: 61').waitFor();
    const agree = (page: Page) => asked(page).getByRole('button', { name: 'Agree and start' });
    assert.equal(await agree(ada).isDisabled(), true);
    const own = await ada.evaluate(
      async (at) => (await fetch(at, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })).json(),
      `/api/v1/runs/${id}/approve`,
    );
    assert.equal(own.code, 'run.same-person');
    assert.deepEqual((await demo.run(id)).status, 'awaiting-approval');
    await ben.goto(ada.url());
    await asked(ben).getByText('max_per_host: 61').waitFor();
    await shot(ben, 'approval');
    await agree(ben).click();
    await until(id, 'the question', (run) => stepOf(run, 'gate')?.status === 'waiting');
    assert.match(config(first), /max_per_host: 61\b/);
    const decision = ada.getByRole('region', { name: 'Your decision' });
    await decision.getByRole('button', { name: 'Revert now…' }).click();
    await ada.getByRole('alertdialog').getByText('The backup of config.yaml is put back').waitFor();
    await ada.getByRole('alertdialog').getByRole('button', { name: 'Revert now on 1 node' }).click();
    assert.equal((await ended(id)).status, 'rolled-back');
    assert.equal(config(first), text);
    await ada.getByRole('region', { name: 'What was asked' }).getByText('Ben').waitFor();
    await within('the page says it', MINUTE, async () => (await new RunPage(ada).chip().innerText()).trim() === 'Rolled back');
    await shot(ada, 'reverted');
    assert.equal(await forget(), 200);
  });

  test('what was typed on the node is verified and taken, and neither edited nor restarted a second time', async () => {
    const saved = await demo.api('POST', 'runbooks', { text: BY_HAND });
    assert.ok(saved.status < 300, JSON.stringify(saved.body));
    await ada.goto(`${demo.meta().url}/runbooks/by-hand?selector=${encodeURIComponent(`name=${second}`)}`);
    await ada.getByRole('button', { name: 'Start', exact: true }).click();
    await ada.waitForURL(/\/runs\/[^/?]+/);
    const id = decodeURIComponent(/\/runs\/([^/?]+)/.exec(ada.url())?.[1] ?? '');
    const runPage = new RunPage(ada);
    await ada.getByRole('region', { name: 'Your decision' }).waitFor();
    for (const key of ['edit-config', 'restart']) {
      const step = await runPage.openStep(key);
      await step.getByRole('button', { name: 'I did this by hand: verify it' }).click();
      await step.getByText('does this by hand.').waitFor();
    }
    await shot(ada, 'by-hand');
    const { configPath, pid } = demo.node(second);
    const typed = config(second).replace(/max_per_host: \d+/, 'max_per_host: 71');
    fs.writeFileSync(configPath, typed);
    execFileSync(path.join(folder(second), 'bin/systemctl'), ['restart', 'sniproxy']);
    const restarted = await within('it is restarted', MINUTE, () => (demo.node(second).pid !== pid ? demo.node(second).pid : null));
    await runPage.answer('It is typed…');
    await ada.getByRole('alertdialog').getByText('The answer to “Is it typed on the node?” is kept with your name').waitFor();
    await ada.getByRole('alertdialog').getByRole('button', { name: 'It is typed on 1 node' }).click();
    const run = await ended(id);
    assert.equal(run.status, 'succeeded', run.summary);
    assert.match(stepOf(run, 'edit-config', second)?.summary ?? '', /max_per_host: 71, edited by hand, says Demo$/);
    assert.match(stepOf(run, 'restart', second)?.summary ?? '', new RegExp(`was restarted by hand, says Demo: pid ${pid} to ${restarted}`));
    assert.equal(config(second), typed);
    assert.equal(demo.node(second).pid, restarted);
    assert.match(await (await runPage.openStep('who')).innerText(), /It is typed, said Demo/);
  });

  test('a start during a freeze says why; it waits for its time, or goes on with a reason that stays on the run', async () => {
    const open = await freeze(first);
    const form = await filled(ada, `name=${first}`, '62', 'auto');
    await form.start.click();
    await ada.getByText(/is frozen until .*Black Friday\.$/).waitFor();
    await shot(ada, 'closed');
    const id = await form.follow(ada.getByRole('button', { name: 'Start when they open' }));
    await until(id, 'the wait', (run) => /waits, frozen until/.test(run.summary));
    assert.doesNotMatch(config(first), /max_per_host: 62\b/);
    await ada
      .getByText(/frozen until/)
      .first()
      .waitFor();
    await shot(ada, 'waits');
    assert.equal(await open(), 200);
    const waited = await ended(id);
    assert.equal(waited.status, 'succeeded', waited.summary);
    assert.match(config(first), /max_per_host: 62\b/);

    const again = await freeze(first);
    const other = await filled(ada, `name=${first}`, '63', 'auto');
    await other.start.click();
    const inSpite = ada.getByRole('button', { name: 'Start in spite of it' });
    assert.equal(await inSpite.isDisabled(), true, 'not without a reason');
    await ada.getByRole('textbox', { name: 'Or go on now, because' }).fill('it dies in ten minutes');
    const overriding = await other.follow(inSpite);
    await ada.getByRole('region', { name: 'What was asked' }).getByText('it dies in ten minutes').waitFor();
    const run = await ended(overriding);
    assert.equal(`${run.status}: ${run.override}`, 'succeeded: it dies in ten minutes');
    assert.equal(await again(), 200);
  });

  test('the configs that a node kept are compared with what it has, and an older one is put back', async () => {
    const id = (await demo.fleet()).nodes.find((node) => node.name === first)?.id ?? '';
    await new NodePage(ada).open(demo.meta().url, id, '?tab=config');
    const rows = ada.getByRole('region', { name: 'Earlier config.yaml' }).getByRole('row');
    const before62 = rows.nth(2);
    await before62.getByRole('button', { name: 'Difference' }).click();
    const diff = ada.getByRole('region', { name: /^What restoring config\.yaml from before/ });
    await diff.waitFor();
    const lines = (await diff.locator('.del, .add').allInnerTexts()).map((line) => line.replace(/\s+/g, ' ').trim());
    assert.deepEqual(lines.length >= 2 && lines.some((line) => line.includes('max_per_host: 63')), true, lines.join('\n'));
    await shot(ada, 'kept');
    await before62.getByRole('link', { name: 'Restore…' }).click();
    await ada.getByRole('combobox', { name: 'Gates' }).selectOption('auto');
    await ada.getByRole('button', { name: 'Start', exact: true }).click();
    await ada.waitForURL(/\/runs\/[^/?]+/);
    const run = await ended(decodeURIComponent(/\/runs\/([^/?]+)/.exec(ada.url())?.[1] ?? ''));
    assert.equal(run.status, 'succeeded', run.summary);
    assert.match(config(first), /max_per_host: 1000\b/, 'as before both changes');
  });

  test('after a failure the nodes that failed and those never reached run again, and are named first', async () => {
    const check = path.join(folder(first), 'bin/sniproxy-server');
    const stood = fs.readFileSync(check);
    fs.rmSync(check);
    fs.writeFileSync(check, '#!/bin/sh\necho "config.yaml line 3: refused by the test"\nexit 1\n', { mode: 0o755 });
    const runPage = new RunPage(ada);
    try {
      const form = await filled(ada, `name=${first},${second}`, '64', 'auto');
      await form.strategy({ batches: '1, 1', onFail: 'abort' });
      await form.typeCount(2);
      const id = await form.follow(form.start);
      assert.equal((await ended(id)).status, 'failed');
    } finally {
      fs.rmSync(check);
      fs.writeFileSync(check, stood, { mode: 0o755 });
    }
    await runPage.button('Run again on 2 nodes').waitFor();
    await shot(ada, 'failed');
    await runPage.button('Run again on 2 nodes').click();
    await ada
      .getByRole('dialog')
      .getByText(/refused by the test/)
      .waitFor();
    await shot(ada, 'again');
    await ada
      .getByRole('dialog')
      .getByText(new RegExp(`${second} not reached`))
      .waitFor();
    await ada.getByRole('dialog').getByRole('button', { name: 'Run 2 nodes' }).click();
    const id = decodeURIComponent(/\/runs\/([^/?]+)/.exec(ada.url())?.[1] ?? '');
    await until(id, 'the new start', (run) => !hasEnded(run.status));
    const run = await ended(id);
    assert.deepEqual([run.status, ...run.targets.map(({ status }) => status)], ['succeeded', 'succeeded', 'succeeded'], run.summary);
    for (const name of [first, second]) assert.match(config(name), /max_per_host: 64\b/);
  });

  test('headroom apply makes the pools what a file says, by a run on the nodes that differ, and then has nothing left to do', async () => {
    const { url, apiToken } = demo.meta();
    const cli = async (...words: string[]) => {
      const said: string[] = [];
      const outside = { env: { HEADROOM_URL: url, HEADROOM_TOKEN: apiToken }, say: (line: string) => void said.push(line) };
      const { code, lines } = await headroom(words, outside);
      return { code, text: [...said, ...lines].join('\n') };
    };
    const file = path.join(path.dirname(path.dirname(demo.node(first).configPath)), 'fleet.yaml');
    const say = (most: number) =>
      fs.writeFileSync(
        file,
        `pool:\n  - { selector: "name=${first}", settings: { max_per_host: 64 } }\n  - { selector: "name=${second}", settings: { max_per_host: ${most} } }\nstrategy: { gates: auto }\n`,
      );
    say(65);
    const before = [config(first), config(second)];
    const pids = [demo.node(first).pid, demo.node(second).pid];
    const dry = await cli('apply', file, '--dry-run');
    assert.equal(dry.code, 1, dry.text);
    assert.match(dry.text, new RegExp(`pool of name=${first}: max_per_host: 64: nothing to change`));
    assert.match(
      dry.text,
      new RegExp(`pool of name=${second}: max_per_host: 65: 1 to change \\(${second}\\)[^]*Dry run: nothing was done`),
    );
    assert.deepEqual([config(first), config(second)], before);

    const done = await cli('apply', file, '--yes');
    assert.equal(done.code, 0, done.text);
    assert.match(done.text, new RegExp(`run \\S+: ${url}/runs/[^]*: succeeded, `));
    assert.equal(config(second), before[1]?.replace('max_per_host: 64', 'max_per_host: 65'));
    assert.equal(config(first), before[0]);
    assert.equal(demo.node(first).pid, pids[0], 'the node that was right already was not restarted');
    assert.notEqual(demo.node(second).pid, pids[1]);

    const again = await cli('apply', file, '--yes');
    assert.deepEqual([again.code, /The fleet is as the file says\.$/.test(again.text)], [0, true], again.text);
    assert.equal((await cli('export')).code, 0);
  });
});
