import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { IncidentList } from '#shared/incidents.ts';
import { toInstant } from '#shared/time.ts';
import { calm, leaking, OPERATOR, rig } from './rig.ts';

const brief = ({ incidents }: IncidentList) => incidents.map((i) => [i.title, i.status, i.nodes.map((n) => n.name).join(' ')]);

describe('grouping', () => {
  test('a leak on five nodes is one incident, however far apart they begin', async (t) => {
    const names = ['edge-01', 'edge-02', 'edge-03', 'edge-04', 'edge-05'];
    const r = await rig(t, [...names, 'core-01']);
    for (const name of names) {
      r.set(name, leaking());
      await r.pass(3);
    }
    const list = await r.incidents.list({ status: 'all' });
    assert.deepEqual(brief(list), [['5 nodes leak file descriptors', 'open', names.join(' ')]]);
    const [incident] = list.incidents;
    assert.deepEqual([incident?.severity, incident?.firing.sort(), incident?.signalCount], ['critical', ['leaking', 'time-to-emfile'], 10]);
    const told = r.events.filter((e) => e.type === 'signal.changed').length;
    assert.equal(told, 10, 'each signal is told once');
  });

  test('another cause is another incident; what a full process does to its scraping is not', async (t) => {
    const r = await rig(t, ['edge-01', 'edge-02']);
    r.set('edge-01', { ...leaking(), openFds: 7900, state: 'scrape-blind', stateReason: 'SSH answers.' });
    r.set('edge-02', { drift: true });
    await r.pass(3);
    assert.deepEqual(
      brief(await r.incidents.list({ status: 'all' })),
      [
        ['config.yaml of edge-02 is not what was agreed', 'open', 'edge-02'],
        ['edge-01 leaks file descriptors', 'open', 'edge-01'],
      ].sort((a, b) => (a[0] ?? '').localeCompare(b[0] ?? '')),
    );
  });

  test('fds near the limit become the leak that they are, once that is known', async (t) => {
    const r = await rig(t, ['edge-01', 'edge-02']);
    r.set('edge-01', { openFds: 7500 });
    await r.pass(3);
    assert.deepEqual(brief(await r.incidents.list({ status: 'all' })), [['edge-01 is near the limit of open files', 'open', 'edge-01']]);
    r.set('edge-01', leaking());
    await r.pass(2);
    r.set('edge-02', leaking());
    await r.pass(2);
    assert.deepEqual(brief(await r.incidents.list({ status: 'all' })), [['2 nodes leak file descriptors', 'open', 'edge-01 edge-02']]);
  });
});

describe('closing by evidence', () => {
  test('a low count after a restart never closes it; a judgement of the new process under load does, and a slope that returns reopens it', async (t) => {
    const r = await rig(t, ['edge-01']);
    r.set('edge-01', leaking());
    await r.pass(2);
    r.restart('edge-01');
    await r.pass(180);
    const status = async () =>
      (await r.incidents.list({ status: 'all' })).incidents.map((i) => [i.status, i.reopened, i.closed?.by ?? null]);
    assert.deepEqual(await status(), [['open', 0, null]], 'three hours of 60 fds, and nobody can tell');

    r.set('edge-01', calm);
    await r.pass(30);
    assert.deepEqual(await status(), [['open', 0, null]], 'not leaking, and no connection since the restart');
    const [{ id } = { id: '' }] = (await r.incidents.list({ status: 'all' })).incidents;
    const { closing } = await r.incidents.get(id);
    assert.deepEqual(
      closing.criteria.map((c) => [c.key, c.done, c.total]),
      [
        ['quiet', 1, 1],
        ['judged', 1, 1],
        ['load', 0, 1],
      ],
    );

    r.accept('edge-01', 800);
    await r.pass(1);
    assert.deepEqual(await status(), [['resolved', 0, 'evidence']]);
    r.set('edge-01', leaking());
    await r.pass(2);
    assert.deepEqual(await status(), [['open', 1, null]], 'the same incident, not a second one');
    const again = await r.incidents.get(id);
    assert.match(
      again.timeline.map((e) => e.text).join('\n'),
      /Incident opened[\s\S]*Resolved: nothing fires any more on edge-01[\s\S]*Reopened: edge-01 leaks 60 fds/,
    );
  });

  test('a run that proved the fix closes it, with no need to wait; one on a node that never leaked does not', async (t) => {
    const r = await rig(t, ['edge-01']);
    r.set('edge-01', leaking());
    await r.pass(2);
    r.restart('edge-01');
    const side = (low: number) => ({
      per1000Connections: { low, mid: low + 10, high: low + 20 },
      perMinute: { low, mid: low + 1, high: low + 2 },
      window: { from: toInstant(r.now()), to: toInstant(r.now()) },
      processAge: 90,
    });
    const finish = (id: string, before: number) =>
      r.db.transaction().execute(async (tx) => {
        const run = {
          id,
          runbookKey: 'fd-leak',
          runbookVersion: 'v',
          runbookTitle: 't',
          runbookText: '',
          selector: '*',
          strategy: '{}',
          params: '{}',
          dryRun: 0,
          mutates: 1,
          status: 'succeeded',
          verdict: 'pass',
          summary: 'fixed',
          startedBy: 'sre',
          createdAt: r.now(),
          finishedAt: r.now(),
          control: null,
          controlBy: null,
          acceptedFailures: 0,
          approveBy: null,
          approvedBy: null,
          approvedAt: null,
          override: null,
          leaseOwner: null,
          leaseUntil: null,
        };
        await tx.insertInto('runs').values(run).execute();
        const judgement = JSON.stringify({ before: side(before), after: side(0), comparedBy: 'same process age' });
        await tx
          .insertInto('runTargets')
          .values({
            runId: id,
            nodeId: r.idOf('edge-01'),
            name: 'edge-01',
            position: 0,
            batch: 1,
            attempt: 1,
            status: 'succeeded',
            verdict: 'pass',
            summary: 'fixed',
            judgement,
            wayBack: 'none',
            revertAt: null,
            grantedAt: null,
            edit: 'done',
            restart: 'done',
            undo: null,
            memo: '{}',
            startedAt: r.now(),
            finishedAt: r.now(),
          })
          .execute();
        const receipt = { runId: id, nodeId: r.idOf('edge-01'), step: 'edit', attempt: 1, at: r.now(), command: null, exitCode: null };
        const said = { sha256: '', value: null, threshold: null, verdict: null };
        await tx
          .insertInto('runEvidence')
          .values([
            { ...receipt, ...said, id: `${id}_1`, title: 'what changes in config.yaml', raw: '-  enabled: true\n+  enabled: false\n' },
            { ...receipt, ...said, id: `${id}_2`, title: 'written', raw: 'another receipt' },
          ])
          .execute();
      });
    await finish('r_00000000wasok', -3);
    await r.pass(2);
    assert.equal((await r.incidents.list({ status: 'open' })).open, 1, 'the process had not leaked: nothing is proven');
    await finish('r_00000000fixed', 380);
    await r.pass(1);
    const [incident] = (await r.incidents.list({ status: 'all' })).incidents;
    assert.deepEqual(
      [incident?.status, incident?.closed],
      ['resolved', { by: 'evidence', reason: 'R-FIXED proved the fix on 1 of 1 nodes' }],
    );
    const filed = (await r.incidents.postmortem(incident?.id ?? '', 'inside')).files['postmortem.md'] ?? '';
    assert.ok(filed.includes('R-FIXED changed config.yaml on edge-01:\n\n```diff\n-  enabled: true\n+  enabled: false\n```'), filed);
    assert.match(filed, /R-FIXED showed by its slope that edge-01 is fixed/);
    assert.doesNotMatch(filed, /another receipt/);
    assert.match(filed, /## Cause\n\n- edge-01, pool off and restarted: it is fixed/, 'not that the process of now is not judged yet');
  });

  test('a person who resolves what still fires is asked again an hour later', async (t) => {
    const r = await rig(t, ['edge-01']);
    r.set('edge-01', leaking());
    await r.pass(2);
    const [{ id } = { id: '' }] = (await r.incidents.list({ status: 'all' })).incidents;
    await r.command(OPERATOR, r.incidents.verbs.resolve, { id, reason: 'known, fixed in the next release' });
    await r.pass(55);
    assert.equal((await r.incidents.list({ status: 'open' })).open, 0);
    await r.pass(10);
    assert.equal((await r.incidents.get(id)).status, 'open');
  });
});

describe('a console that dies', () => {
  test('goes on with what fired: nothing is doubled, nothing lost, nothing told twice', async (t) => {
    const r = await rig(t, ['edge-01', 'edge-02']);
    r.set('edge-01', leaking());
    await r.pass(2);
    await r.die();
    const second = await r.console();
    r.set('edge-02', leaking());
    await r.pass(2, second.incidents);
    const list = await second.incidents.list({ status: 'all' });
    assert.deepEqual(brief(list), [['2 nodes leak file descriptors', 'open', 'edge-01 edge-02']]);
    assert.equal(list.incidents[0]?.signalCount, 4);
    assert.equal(r.events.filter((e) => e.type === 'signal.changed').length, 4);
    r.set('edge-01', calm);
    r.set('edge-02', calm);
    await r.pass(20, second.incidents);
    assert.equal((await second.incidents.list({ status: 'open' })).open, 0);
  });

  test('at any instant of a pass: what the next console makes of it is the same', async (t) => {
    for (const fails of [1, 2, 3]) {
      const r = await rig(t, ['edge-01']);
      r.set('edge-01', leaking());
      let noted = 0;
      const dying = await r.console({
        noted: async () => {
          noted += 1;
          if (noted <= fails) throw new Error('killed inside the transaction');
        },
      });
      for (let i = 0; i < fails; i++) await assert.rejects(r.pass(2, dying.incidents), /killed/);
      assert.equal((await dying.incidents.list({ status: 'all' })).incidents.length, 0, 'all of it or nothing');
      const next = await r.console();
      await r.pass(2, next.incidents);
      const [incident, ...more] = (await next.incidents.list({ status: 'all' })).incidents;
      assert.deepEqual([incident?.signalCount, more.length], [2, 0]);
    }
  });

  test('a removed node ends its signals, and a rule in shadow makes no incident', async (t) => {
    const r = await rig(t, ['edge-01']);
    r.set('edge-01', { drift: true });
    const { INCIDENT_RULES, RULE_KEYS } = await import('#shared/incident-rules.ts');
    let mode: 'on' | 'shadow' = 'shadow';
    const c = await r.console({ rules: async () => RULE_KEYS.map((rule) => ({ rule, mode, numbers: INCIDENT_RULES[rule].defaults })) });
    await r.pass(3, c.incidents);
    assert.deepEqual(
      [(await c.incidents.firing()).map((s) => [s.rule, s.incidentId]), (await c.incidents.list({ status: 'all' })).incidents.length],
      [[['config-drift', null]], 0],
    );
    mode = 'on';
    await r.pass(3, c.incidents);
    assert.equal((await c.incidents.list({ status: 'open' })).open, 1);
    r.remove('edge-01');
    await r.pass(1, c.incidents);
    assert.deepEqual(await c.incidents.firing(), []);
  });
});
