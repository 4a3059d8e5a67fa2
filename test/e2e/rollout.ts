import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { hasEnded, type Run } from '#shared/runs.ts';
import { ChangePage } from './pages/change-page.ts';
import { FleetPage } from './pages/fleet-page.ts';
import { RunPage } from './pages/run-page.ts';
import type { Demo } from './support/demo.ts';
import { within } from './support/within.ts';

type Setup = { demo: () => Demo; signedIn: () => Promise<{ page: Page; close: () => Promise<void> }> };
const MINUTE = 60_000;

/** Rollouts over the whole demo fleet, each act clicked; every node must be idle before and is so after. */
export function rolloutTests({ demo, signedIn }: Setup): void {
  const names = () =>
    demo()
      .meta()
      .nodes.map(({ name }) => name);
  const config = (name: string) => fs.readFileSync(demo().node(name).configPath, 'utf8');
  const configs = () => names().map(config);
  const ended = (id: string, ms = 3 * MINUTE) =>
    within(`the end of run ${id}`, ms, async () => {
      const run = await demo().run(id);
      return hasEnded(run.status) ? run : null;
    });
  const statuses = (run: Run) => run.targets.map(({ batch, status }) => `${batch} ${status}`);
  /** A run of all nodes that sets max_per_host, as the form starts it. */
  const change = async (
    page: Page,
    o: { value: string; batches: string; onFail?: 'pause' | 'rollback'; dry?: boolean; nodes?: number },
  ) => {
    const form = new ChangePage(page);
    await form.set('max_per_host', o.value);
    await form.strategy({ batches: o.batches, gates: 'auto', ...(o.onFail ? { onFail: o.onFail } : {}) });
    if (!o.dry) await form.typeCount(o.nodes ?? names().length);
    return form.follow(o.dry ? form.dryRun : form.start);
  };

  test('a dry run from the fleet table shows each diff and changes nothing', async () => {
    const { page, close } = await signedIn();
    const [before, pids] = [
      configs(),
      demo()
        .meta()
        .nodes.map(({ pid }) => pid),
    ];
    const fleet = new FleetPage(page);
    await fleet.open(demo().meta().url);
    await fleet.act(names(), 'Turn pool off…');
    const id = await change(page, { value: '77', batches: '1, 2, 100%', dry: true });
    const run = await ended(id);
    assert.equal(run.dryRun, true);
    assert.equal(run.status, 'succeeded', run.summary);
    await page.getByText('Dry run: nothing is changed').waitFor();
    assert.deepEqual(configs(), before);
    assert.deepEqual(
      demo()
        .meta()
        .nodes.map(({ pid }) => pid),
      pids,
    );
    await close();
  });

  test('a three-batch rollout on five nodes is paused, resumed, and ends with every node changed', async () => {
    const { page, close } = await signedIn();
    const form = new ChangePage(page);
    await form.open(demo().meta().url, 'name~*');
    const id = await change(page, { value: '78', batches: '1, 2, 100%' });
    const runPage = new RunPage(page);
    await runPage.button('Pause').click();
    await runPage.button('Resume').waitFor();
    await within('it is paused', MINUTE, async () => (await demo().run(id)).status === 'paused');
    await runPage.button('Resume').click();
    const run = await ended(id);
    assert.equal(run.status, 'succeeded', run.summary);
    assert.deepEqual(statuses(run), ['1 succeeded', '2 succeeded', '2 succeeded', '3 succeeded', '3 succeeded']);
    for (const text of configs()) assert.match(text, /max_per_host: 78\b/);
    await close();
  });

  test('a rollout whose canary fails puts the canary back, and touches no other node', async () => {
    const { page, close } = await signedIn();
    const before = configs();
    const [canary = ''] = [...names()].sort();
    const check = path.join(path.resolve(path.dirname(demo().node(canary).configPath), '../..'), 'bin/sniproxy-server');
    const stood = fs.existsSync(check) ? fs.readFileSync(check) : null;
    fs.rmSync(check, { force: true });
    fs.writeFileSync(check, '#!/bin/sh\necho "config.yaml line 3: refused by the test"\nexit 1\n', { mode: 0o755 });
    try {
      const form = new ChangePage(page);
      await form.open(demo().meta().url, 'name~*');
      const id = await change(page, { value: '79', batches: '1, 2, 100%', onFail: 'rollback' });
      const run = await ended(id);
      assert.equal(run.status, 'failed', run.summary);
      assert.match(run.targets[0]?.summary ?? '', /refused by the test; config\.yaml was restored/);
      assert.deepEqual(
        run.targets.slice(1).map(({ steps }) => steps.every(({ status }) => status === 'pending' || status === 'skipped')),
        [true, true, true, true],
      );
      const runPage = new RunPage(page);
      await within('the page says it', MINUTE, async () => (await runPage.chip().innerText()).trim() === 'Failed');
      assert.match(await (await runPage.openStep('validate')).innerText(), /refused by the test/);
      assert.deepEqual(configs(), before);
    } finally {
      fs.rmSync(check, { force: true });
      if (stood) fs.writeFileSync(check, stood, { mode: 0o755 });
    }
    await close();
  });

  test('a node is skipped with a reason, all is stopped and allowed, the run aborted, tried again and rolled back byte for byte', async () => {
    const { page, close } = await signedIn();
    const [first = '', last = ''] = [...names()].sort();
    const before = [config(first), config(last)];
    const form = new ChangePage(page);
    await form.open(demo().meta().url, `name=${first},${last}`);
    const id = await change(page, { value: '80', batches: '1, 1', nodes: 2 });
    const runPage = new RunPage(page);
    await runPage.select(last);
    await runPage.skip(page.getByRole('button', { name: `Skip ${last}…` }), 'deploy freeze on this host');
    await page.getByRole('button', { name: 'Stop all runs…' }).click();
    const stop = page.getByRole('alertdialog');
    await stop.getByRole('textbox').fill('a test of the red button');
    await stop.getByRole('button', { name: /^Stop/ }).click();
    await within('it is paused', MINUTE, async () => (await demo().run(id)).status === 'paused');
    const refused = await demo().api('POST', 'runs', { runbook: 'rolling-restart', selector: `name=${first}` });
    assert.equal(refused.status, 409, 'none starts while all are stopped');
    await page.getByRole('button', { name: 'Allow runs' }).click();
    await within('runs may go on', MINUTE, async () => JSON.stringify((await demo().api('GET', 'runs')).body).includes('"stopped":null'));
    await runPage.confirm('Abort…', /^Abort/);
    const aborted = await ended(id);
    assert.equal(aborted.status, 'aborted', aborted.summary);
    const skipped = aborted.targets.find(({ name }) => name === last);
    assert.equal(skipped?.status, 'skipped');
    assert.match(skipped?.summary ?? '', /deploy freeze on this host/);
    assert.deepEqual([config(first), config(last)], before);
    await runPage.again(2, /deploy freeze on this host/);
    await within('it runs again', MINUTE, async () => !hasEnded((await demo().run(id)).status));
    const again = await ended(id);
    assert.equal(again.status, 'succeeded', again.summary);
    for (const name of [first, last]) assert.match(config(name), /max_per_host: 80\b/);
    await runPage.confirm('Roll back…', /^Roll back 2 nodes/);
    await page.waitForURL((url) => /\/runs\//.test(url.pathname) && !url.pathname.includes(encodeURIComponent(id)));
    const back = await ended(decodeURIComponent(/\/runs\/([^/?]+)/.exec(page.url())?.[1] ?? ''));
    assert.equal(back.status, 'succeeded', back.summary);
    assert.deepEqual([config(first), config(last)], before);
    await close();
  });
}
