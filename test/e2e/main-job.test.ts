import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import type { Run, RunInput } from '#shared/runs.ts';
import { hasEnded } from '#shared/runs.ts';
import { launchBrowser } from '#test/support/browser.ts';
import { ChangePage } from './pages/change-page.ts';
import { FleetPage } from './pages/fleet-page.ts';
import { NodePage } from './pages/node-page.ts';
import { RunPage } from './pages/run-page.ts';
import { RunbookPage } from './pages/runbook-page.ts';
import { rolloutTests } from './rollout.ts';
import { type Demo, openFds, startDemo, withPoolOff } from './support/demo.ts';
import { pressOn } from './support/keyboard.ts';
import { faultsOf } from './support/page-check.ts';
import { within } from './support/within.ts';

// The order of the nodes says nothing to the console: their names do not, and the drill metric is not read by any judgement.
const DRILLS = ['none', 'pool-leak', 'none', 'eof-leak', 'none'];
const MINUTE = 60_000;

const readText = (file: string) => fs.readFileSync(file, 'utf8');
const sha256 = (file: string) => createHash('sha256').update(fs.readFileSync(file)).digest('hex');
const stepOf = (run: Run, key: string) => run.targets[0]?.steps.find((step) => step.key === key);
const fdLeak = (name: string, extra: Partial<RunInput> = {}): RunInput => ({
  runbook: 'fd-leak',
  selector: `name=${name}`,
  ...extra,
  strategy: { gates: 'auto', ...extra.strategy },
});

/** Counts the process lives of a node as its pid file shows them, from now on. */
function watchLives(demo: Demo, name: string) {
  const seen = new Set<number>([demo.node(name).pid]);
  const timer = setInterval(() => {
    try {
      seen.add(demo.node(name).pid);
    } catch {
      // demo.json is being replaced
    }
  }, 50);
  return { restarts: () => seen.size - 1, end: () => clearInterval(timer) };
}

describe('the main job on the demo fleet, in a browser', { concurrency: false }, () => {
  let demo: Demo;
  let browser: Browser;
  let notFixed = '';
  let names: { pool: string; eof: string; well: [string, string, string] };

  before(async () => {
    [demo, browser] = await Promise.all([startDemo(DRILLS), launchBrowser()]);
    const of = (drill: string) =>
      demo
        .meta()
        .nodes.filter((node) => (node.drill ?? 'none') === drill)
        .map((node) => node.name);
    const [a, b, c] = of('none');
    const [pool, eof] = [of('pool-leak')[0], of('eof-leak')[0]];
    assert.ok(a && b && c && pool && eof);
    names = { pool, eof, well: [a, b, c] };
    await within('all nodes are up', MINUTE, async () => (await demo.fleet()).nodes.every((node) => node.state === 'up'));
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  const signedIn = async () => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(demo.meta().signInUrl);
    return { page, close: () => context.close() };
  };
  const ended = (id: string, ms = 8 * MINUTE) =>
    within(`the end of run ${id}`, ms, async () => {
      const run = await demo.run(id).catch(() => null);
      return run && hasEnded(run.status) ? run : null;
    });
  const reached = (id: string, key: string) =>
    within(
      `step ${key} of run ${id}`,
      4 * MINUTE,
      async () => {
        const run = await demo.run(id);
        assert.ok(!hasEnded(run.status), `the run ended before ${key}: ${run.summary}`);
        return ['running', 'waiting', 'succeeded'].includes(stepOf(run, key)?.status ?? '');
      },
      20,
    );
  const killConsole = async () => {
    const { consolePid } = demo.meta();
    process.kill(consolePid, 'SIGKILL');
    await within(
      'the console is started again',
      MINUTE,
      async () => demo.meta().consolePid !== consolePid && (await demo.consoleAnswers()),
    );
  };

  test('(c) a console killed while it edits, restarts and watches resumes each run, with one restart and every step done', async () => {
    // Each of the three kills also hits whatever step the other runs are in.
    const texts = names.well.map((name) => readText(demo.node(name).configPath));
    const lives = names.well.map((name) => watchLives(demo, name));
    const ids: string[] = [];
    for (const [i, key] of ['edit-config', 'restart', 'watch'].entries()) {
      const run = await demo.startRun(fdLeak(names.well[i] ?? ''));
      ids.push(run.id);
      await reached(run.id, key);
      await killConsole();
    }
    for (const [i, id] of ids.entries()) {
      const run = await ended(id);
      const name = names.well[i] ?? '';
      assert.equal(`${run.status}/${run.verdict}`, 'succeeded/pass', `${name}: ${run.summary}`);
      assert.match(run.targets[0]?.summary ?? '', /was not leaking/);
      assert.deepEqual(
        run.targets[0]?.steps
          .filter((step) => step.status !== 'succeeded' && step.status !== 'skipped')
          .map((step) => `${step.key} ${step.status}`),
        [],
      );
      assert.ok(run.targets[0]?.steps.every((step) => step.status === 'skipped' || step.evidence.length > 0));
      assert.equal(lives[i]?.restarts(), 1, `${name} was restarted exactly once`);
      assert.equal(readText(demo.node(name).configPath), withPoolOff(texts[i] ?? ''));
    }
    for (const life of lives) life.end();
  });

  test('both leaks are called within minutes, with a time to EMFILE, and no healthy node is', async () => {
    const { page, close } = await signedIn();
    const fleet = new FleetPage(page);
    await within('both leaks are called', 7 * MINUTE, async () => {
      const nodes = (await demo.fleet()).nodes;
      return [names.pool, names.eof].every((name) => nodes.find((node) => node.name === name)?.leak.verdict === 'leaking');
    });
    await fleet.open(demo.meta().url);
    for (const name of [names.pool, names.eof]) {
      assert.match(await fleet.leak(name), /^\+\d/, 'fds leaked per 1,000 connections');
      const node = (await demo.fleet()).nodes.find((n) => n.name === name);
      assert.ok(
        node?.timeToEmfileSeconds && node.timeToEmfileSeconds.low > 0 && node.timeToEmfileSeconds.low <= node.timeToEmfileSeconds.mid,
      );
      assert.ok((node.leak.perMinute?.low ?? 0) > 0 && (node.leak.per1000Connections?.low ?? 0) > 0);
    }
    for (const name of names.well)
      assert.notEqual((await demo.fleet()).nodes.find((node) => node.name === name)?.leak.verdict, 'leaking', name);
    assert.deepEqual((await fleet.order()).slice(0, 2).sort(), [names.pool, names.eof].sort(), 'who dies first comes first');
    await fleet.openNode(names.pool);
    const node = new NodePage(page);
    await node.fdChart().waitFor();
    assert.match(await node.verdict(), /\d+ fds leak per 1,000 connections/);
    await close();
  });

  // Three nodes, three stories: each waits minutes for its own, and none touches another's.
  describe('on three nodes at once', { concurrency: true }, () => {
    test('(a) on the pool-leak node the runbook turns the pool off and the verdict is fixed; nothing else in the file changes', async () => {
      const { page, close } = await signedIn();
      const { configPath } = demo.node(names.pool);
      const text = readText(configPath);
      const lives = watchLives(demo, names.pool);

      const change = new ChangePage(page);
      await change.open(demo.meta().url, `name=${names.pool}`);
      const lines = await change.changedLines(names.pool);
      assert.equal(lines.length, 2, lines.join(' | '));
      assert.match(lines.join(' '), /enabled: true.*enabled: false/);
      await change.start.click();
      await page.waitForURL(/\/runs\/[^/?]+/);
      const id = decodeURIComponent(/\/runs\/([^/?]+)/.exec(page.url())?.[1] ?? '');

      const runPage = new RunPage(page);
      await runPage.step('watch').waitFor();
      const decision = page.getByRole('region', { name: 'Your decision' });
      await decision.waitFor({ timeout: 6 * MINUTE });
      assert.equal(await runPage.verdict.getByRole('heading').first().textContent(), 'Fixed');
      assert.match((await decision.textContent()) ?? '', /speaks for keeping it/);
      assert.match((await runPage.verdict.textContent()) ?? '', /per 1,000 connections/);
      await runPage.answer('Keep and disarm');
      const run = await ended(id, MINUTE);
      assert.equal(`${run.status}/${run.verdict}`, 'succeeded/pass', run.summary);
      const { before: was, after: is } = run.targets[0]?.judgement ?? { before: null, after: null };
      assert.ok((was?.per1000Connections?.low ?? 0) > 50, JSON.stringify(was));
      assert.ok((is?.per1000Connections?.mid ?? 999) < 20, JSON.stringify(is));
      assert.equal(stepOf(run, 'gate')?.gate?.answer, 'keep');
      assert.match(await runPage.firstReceipt('restart'), /restart|sniproxy/i);
      assert.equal(readText(configPath), withPoolOff(text));
      assert.equal(lives.restarts(), 1);
      lives.end();
      await close();
    });

    test('(b) by the keyboard alone: on the eof-leak node the same steps end in "not fixed", although the count fell with the restart', async () => {
      const { page, close } = await signedIn();
      const old = demo.node(names.eof);
      const high = openFds(old.pid);
      await page.goto(demo.meta().url);
      await page.getByRole('table', { name: /^Nodes/ }).waitFor();
      const book = new RunbookPage(page);
      await book.openByKeyboard('fd-leak', names.eof);
      const { run: runPage, id } = await book.startByKeyboard();
      notFixed = id;
      const low = await within(
        'the restart',
        4 * MINUTE,
        () => {
          const { pid } = demo.node(names.eof);
          return pid === old.pid ? 0 : openFds(pid);
        },
        50,
      );
      assert.ok(low < high / 2, `the count fell: ${high} → ${low}`);
      const decision = page.getByRole('region', { name: 'Your decision' });
      await decision.waitFor({ timeout: 6 * MINUTE });
      assert.equal(await runPage.verdict.getByRole('heading').first().textContent(), 'Not fixed');
      assert.match((await decision.textContent()) ?? '', /The cause is not what was changed/);
      await pressOn(page, decision.getByRole('button', { name: 'Keep and disarm' }));
      const run = await ended(id, MINUTE);
      const receipt = runPage.step('watch').locator('summary.receipt').first();
      if (!(await receipt.isVisible())) await pressOn(page, runPage.step('watch').getByRole('button').first());
      await pressOn(page, receipt);
      await runPage.step('watch').locator('section.raw').first().waitFor();
      assert.equal(`${run.status}/${run.verdict}`, 'failed/fail', run.summary);
      assert.match(run.summary, /not fixed/);
      assert.ok((run.targets[0]?.judgement?.after?.per1000Connections?.low ?? 0) > 0);
      await close();
    });

    describe('(d) what cannot work is refused for what it is, and nothing changes on the node', { concurrency: false }, () => {
      const name = () => names.well[0];
      const folder = () => path.resolve(path.dirname(demo.node(name()).configPath), '../..');
      const touched = () => {
        const { configPath, pid } = demo.node(name());
        const timers = execFileSync(path.join(folder(), 'bin/systemctl'), ['list-timers', '--all', '--no-legend'], { encoding: 'utf8' });
        return { file: sha256(configPath), pid, timers };
      };
      const current = async () => (await demo.fleet()).nodes.find((node) => node.name === name());
      const upAgain = () => within('the node is up again', 2 * MINUTE, async () => (await current())?.state === 'up');

      /** The node's config is asked for, then a run is started: both say why, and the node is as it was. */
      const refusedFor = async (why: RegExp, config: { status: number; code: string } | null) => {
        const was = touched();
        if (config) {
          const answer = await demo.api('GET', `nodes/${(await current())?.id}/config`);
          const text = JSON.stringify(answer.body);
          assert.equal(answer.status, config.status, text);
          assert.match(answer.type ?? '', /^application\/problem\+json/);
          assert.match(text, new RegExp(`"code":"${config.code}"`));
          assert.match(text, why);
        }
        const run = await ended((await demo.startRun(fdLeak(name()))).id, 4 * MINUTE);
        assert.equal(run.status, 'failed');
        assert.notEqual(run.verdict, 'pass');
        assert.match([run.summary, ...(run.targets[0]?.steps.map((step) => step.summary) ?? [])].join(' '), why);
        assert.doesNotMatch(JSON.stringify(run), /at .*\.(ts|js):\d/);
        assert.deepEqual(touched(), was);
      };

      test('a config.yaml that is not YAML', async () => {
        const { configPath } = demo.node(name());
        const text = readText(configPath);
        fs.writeFileSync(configPath, 'listen_addrs: [\n  : :');
        try {
          await refusedFor(/config\.yaml.*line 2/, null);
          const preview = await demo.api('POST', 'changes/preview', { selector: `name=${name()}`, pool: { enabled: false } });
          assert.match(JSON.stringify(preview.body), /not valid YAML.*line 2/);
        } finally {
          fs.writeFileSync(configPath, text);
        }
      });

      test('an SSH key that the node does not take', async () => {
        const file = path.join(folder(), 'home/sre/.ssh/authorized_keys');
        const keys = fs.readFileSync(file);
        const restartSsh = async () => {
          const { sshPid } = demo.node(name());
          process.kill(sshPid, 'SIGKILL');
          await within('the SSH server is started again', MINUTE, () => demo.node(name()).sshPid !== sshPid);
        };
        fs.writeFileSync(file, '');
        await restartSsh();
        try {
          await refusedFor(/refused.*key|key.*refused|SSH/i, { status: 502, code: 'ssh.auth-failed' });
        } finally {
          fs.writeFileSync(file, keys);
        }
        await upAgain();
      });

      test('a node that is down: neither its SSH server nor its proxy answers', async () => {
        const { sshPid, pid } = demo.node(name());
        for (const p of [sshPid, pid]) process.kill(p, 'SIGSTOP');
        try {
          await within('the node is called down', 2 * MINUTE, async () => (await current())?.state === 'down');
          await refusedFor(/SSH to .* did not answer/, { status: 504, code: 'ssh.timeout' });
        } finally {
          for (const p of [sshPid, pid]) process.kill(p, 'SIGCONT');
        }
        await upAgain();
      });

      test('a changed host key blocks the node until a person approves it', async () => {
        const node = demo.node(name());
        const key = fs.readFileSync(node.hostKeyPath);
        const bounce = async () => {
          const { sshPid } = demo.node(node.name);
          process.kill(sshPid, 'SIGKILL');
          await within('the SSH server is started again', MINUTE, () => demo.node(node.name).sshPid !== sshPid);
        };
        fs.copyFileSync(demo.node(names.well[1]).hostKeyPath, node.hostKeyPath);
        await bounce();
        try {
          await refusedFor(/host key/i, { status: 409, code: 'ssh.host-key-changed' });
        } finally {
          fs.writeFileSync(node.hostKeyPath, key);
          await bounce();
        }
        const blocked = await within('the old key coming back is no approval', MINUTE, async () => {
          const node = await current();
          return node?.hostKey.blocked ? node : null;
        });
        const pinned = { fingerprint: blocked.hostKey.fingerprint, reason: 'the test put the old key back' };
        assert.equal((await demo.api('POST', `nodes/${blocked.id}/host-key`, pinned)).status, 200);
        await upAgain();
      });

      const problems: [what: string, at: string, body: unknown, status: number, code: string, words: RegExp][] = [
        ['an unknown runbook', 'runs', { runbook: 'no-such', selector: 'name~edge-*' }, 422, 'runbook.not-found', /no-such/],
        [
          'a selector that matches nothing',
          'runs',
          { runbook: 'fd-leak', selector: 'name=no-such-node' },
          422,
          'selector.no-match',
          /no-such-node/,
        ],
        ['a selector that cannot be read', 'runs', { runbook: 'fd-leak', selector: '((' }, 422, 'selector.invalid', /\(/],
        ['a run without a selector', 'runs', { runbook: 'fd-leak' }, 422, 'request.invalid', /selector/],
        [
          'a node that is an injection',
          'nodes',
          {
            name: '$(id)',
            host: '127.0.0.1; reboot',
            sshPort: 99999,
            user: 'x',
            unit: 'a b',
            configPath: 'relative',
            metrics: { via: 'http', url: 'file:///etc/passwd' },
            labels: {},
          },
          422,
          'request.invalid',
          /name/,
        ],
      ];
      for (const [what, at, body, status, code, words] of problems)
        test(`${what}: ${status} ${code}`, async () => {
          const answer = await demo.api('POST', at, body);
          const text = JSON.stringify(answer.body);
          assert.equal(answer.status, status, text);
          assert.match(answer.type ?? '', /^application\/problem\+json/);
          assert.ok(typeof answer.body === 'object' && answer.body !== null && 'code' in answer.body && answer.body.code === code, text);
          assert.match(text, words);
          assert.doesNotMatch(text, /at .*\.(ts|js):\d/);
        });
    });
  });

  test('every page is fit for people: no axe finding, no console error, nothing scrolls sideways, light on a desk and dark on a phone', async () => {
    const nodeId = (await demo.fleet()).nodes.find((node) => node.name === names.eof)?.id;
    const paths = [
      '/',
      `/nodes/${nodeId}`,
      '/compare',
      '/backtest',
      `/runs/${notFixed}`,
      '/runs',
      '/runbooks',
      '/runbooks/fd-leak',
      `/changes/new?selector=name%3D${names.eof}&pool=off`,
      '/settings',
      '/audit',
      '/nodes/new',
      '/nodes/import',
      '/gallery',
      '/help',
      '/help/api',
      '/drills',
      '/reports',
      '/alerts',
    ];
    const { url, signInUrl } = demo.meta();
    assert.deepEqual(await faultsOf(browser, { url, signInUrl, paths }), []);
  });

  test('(c) a console frozen longer than confirmSeconds: the node restores file and process by itself, and the run says rolled-back', async () => {
    const name = names.well[2];
    const { configPath } = demo.node(name);
    const off = readText(configPath);
    const on = off.replace(/(connection_pool:[\s\S]*?enabled: )false/, '$1true');
    assert.notEqual(on, off);
    fs.writeFileSync(configPath, on);
    const run = await demo.startRun(fdLeak(name, { strategy: { confirmSeconds: 20 }, params: { watchSeconds: 120 } }));
    await reached(run.id, 'watch');
    assert.equal(readText(configPath), withPoolOff(on));
    const { pid } = demo.node(name);
    const { consolePid } = demo.meta();
    process.kill(consolePid, 'SIGSTOP');
    try {
      await within('the node restores itself', 90_000, () => readText(configPath) === on && demo.node(name).pid !== pid);
    } finally {
      process.kill(consolePid, 'SIGCONT');
    }
    const restored = demo.node(name).pid;
    const end = await ended(run.id, MINUTE);
    assert.equal(end.status, 'rolled-back', end.summary);
    assert.equal(demo.meta().consolePid, consolePid, 'it was frozen, not restarted');
    assert.equal(demo.node(name).pid, restored, 'one restart back, and no other');
    assert.equal(readText(configPath), on);
  });

  describe('rollouts over the whole fleet, each act clicked', { concurrency: false }, () => rolloutTests({ demo: () => demo, signedIn }));
});
