import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isHeadroomError } from '#server/kernel/errors.ts';
import type { Actor } from '#shared/access.ts';
import { incidentSchema } from '#shared/incidents.ts';
import { calm, leaking, OPERATOR, rig } from './rig.ts';

const code = (wanted: string) => (error: unknown) => isHeadroomError(error) && error.code === wanted;

/** Two nodes that leak, and their incident. */
async function leakOnTwo(t: Parameters<typeof rig>[0], names = ['edge-01', 'edge-02']) {
  const r = await rig(t, names);
  for (const name of names) r.set(name, leaking());
  await r.pass(2);
  const [first] = (await r.incidents.list({ status: 'all' })).incidents;
  assert.ok(first);
  return { ...r, id: first.id, get: () => r.incidents.get(first.id) };
}

describe('what people do to an incident', () => {
  test('acknowledge, own, rename, note, resolve, reopen: each is on the timeline with its name, and rules write over none of it', async (t) => {
    const r = await leakOnTwo(t);
    const { id } = r;
    await r.command(OPERATOR, r.incidents.verbs.acknowledge, { id });
    await r.command(OPERATOR, r.incidents.verbs.acknowledge, { id });
    await r.command(OPERATOR, r.incidents.verbs.edit, { id, title: 'ws tunnels leak', severity: 'info' });
    await r.command(OPERATOR, r.incidents.verbs.note, { id, text: '**0.9.4** forwards EOF <script>' });
    await r.pass(3);
    const now = await r.get();
    assert.deepEqual([now.status, now.owner, now.title, now.severity], ['acknowledged', 'sre-oncall', 'ws tunnels leak', 'info']);
    assert.equal(now.timeline.filter((e) => e.text === 'Acknowledged').length, 1, 'twice is once');
    await r.command(OPERATOR, r.incidents.verbs.resolve, { id, reason: 'fixed upstream' });
    await assert.rejects(r.command(OPERATOR, r.incidents.verbs.resolve, { id, reason: 'again' }), code('incident.wrong-state'));
    await assert.rejects(r.command(OPERATOR, r.incidents.verbs.acknowledge, { id }), code('incident.wrong-state'));
    await r.command(OPERATOR, r.incidents.verbs.reopen, { id, reason: 'it is not' });
    const texts = (await r.get()).timeline.filter((e) => e.by === 'sre-oncall').map((e) => e.text);
    assert.deepEqual(texts, [
      'Acknowledged',
      'title is now "ws tunnels leak", severity critical → info',
      '**0.9.4** forwards EOF <script>',
      'Resolved: fixed upstream',
      'Reopened: it is not',
    ]);
    assert.doesNotThrow(() => incidentSchema.parse(now));
  });

  test('declared by hand, what rules fire on its nodes joins it', async (t) => {
    const r = await rig(t, ['edge-01']);
    const { id } = await r.command(OPERATOR, r.incidents.verbs.declare, {
      title: 'edge is slow',
      nodeIds: [r.idOf('edge-01')],
      note: 'users say so',
    });
    r.set('edge-01', leaking());
    await r.pass(2);
    const list = await r.incidents.list({ status: 'all' });
    assert.deepEqual(
      list.incidents.map((i) => [i.id, i.title, i.signalCount]),
      [[id, 'edge is slow', 2]],
    );
    await assert.rejects(r.command(OPERATOR, r.incidents.verbs.declare, { title: 'x', nodeIds: ['n_nothing'] }), code('node.not-found'));
  });

  test('a node that fired nothing is not said to have what the others have, merged in or split away', async (t) => {
    const r = await rig(t, ['edge-01', 'edge-03']);
    r.set('edge-01', leaking());
    r.set('edge-03', calm);
    await r.pass(2);
    const [leak] = (await r.incidents.list({ status: 'all' })).incidents;
    assert.ok(leak);
    const quiet = await r.command(OPERATOR, r.incidents.verbs.declare, { title: 'clients see resets', nodeIds: [r.idOf('edge-03')] });
    await r.command(OPERATOR, r.incidents.verbs.merge, { id: leak.id, incidentId: quiet.id });
    assert.ok(
      (await r.incidents.get(leak.id)).timeline.some((e) => /^INC-2 \(clients see resets\) was merged into this one$/.test(e.text)),
    );
    const merged = await r.incidents.get(leak.id);
    assert.deepEqual([merged.title, merged.nodes.length], ['edge-01 leaks file descriptors', 2]);
    const apart = await r.command(OPERATOR, r.incidents.verbs.split, { id: leak.id, nodeIds: [r.idOf('edge-03')] });
    const { title, cause } = await r.incidents.get(apart.id);
    assert.deepEqual([title, cause], ['Something is wrong with edge-03', 'by-hand']);
  });

  test('split takes nodes with their signals and story away; merge brings them back, and the pointer stays', async (t) => {
    const r = await leakOnTwo(t);
    const edge02 = r.idOf('edge-02');
    const other = await r.command(OPERATOR, r.incidents.verbs.split, { id: r.id, nodeIds: [edge02] });
    const [left, right] = [await r.get(), await r.incidents.get(other.id)];
    assert.deepEqual(
      [left.title, left.signals.length, right.title, right.signals.length],
      ['edge-01 leaks file descriptors', 2, 'edge-02 leaks file descriptors', 2],
    );
    assert.ok(
      right.timeline.some((e) => e.nodeName === 'edge-02' && e.kind === 'signal') &&
        left.timeline.every((e) => e.kind !== 'signal' || e.nodeName === 'edge-01'),
    );
    await assert.rejects(r.command(OPERATOR, r.incidents.verbs.split, { id: other.id, nodeIds: [edge02] }), code('incident.wrong-state'));
    await r.pass(5);
    assert.equal((await r.incidents.list({ status: 'open' })).open, 2, 'rules leave what a person split apart');
    await r.command(OPERATOR, r.incidents.verbs.merge, { id: r.id, incidentId: other.id });
    const merged = await r.get();
    assert.deepEqual([merged.nodes.length, merged.signals.length, (await r.incidents.get(other.id)).mergedInto], [2, 4, r.id]);
    assert.equal((await r.incidents.list({ status: 'all' })).incidents.length, 1, 'the list shows one');
    await assert.rejects(r.command(OPERATOR, r.incidents.verbs.merge, { id: r.id, incidentId: r.id }), code('incident.wrong-state'));
  });

  test('a viewer may look, and change nothing', async (t) => {
    const r = await leakOnTwo(t);
    const viewer: Actor = { kind: 'user', id: 'u_2', name: 'viewer', role: 'viewer' };
    for (const act of [
      r.command(viewer, r.incidents.verbs.acknowledge, { id: r.id }),
      r.command(viewer, r.incidents.verbs.note, { id: r.id, text: 'x' }),
    ])
      await assert.rejects(act, code('auth.forbidden'));
    assert.equal((await r.get()).status, 'open');
  });
});

describe('what to do next', () => {
  test('names the nodes that are pressing, and changes with what was tried', async (t) => {
    const r = await leakOnTwo(t, ['own-01', 'bare-01']);
    await r.pass(1);
    const { suggestions } = await r.get();
    assert.deepEqual(
      suggestions.map((s) => [s.runbook, s.selector]),
      [
        ['buy-time', 'name=own-01'],
        ['fd-leak', 'name=bare-01,own-01'],
      ],
      'evidence was kept by itself, and the limit of bare-01 cannot be raised',
    );
    assert.match(suggestions[0]?.href ?? '', /^\/runbooks\/buy-time\?selector=name%3Down-01&params.limit=65536&params.keep=true$/);
  });
});

describe('a higher limit', () => {
  test('is not offered where root has no CAP_SYS_RESOURCE: the hard limit is the end there, and the offer says so', async (t) => {
    const r = await leakOnTwo(t, ['own-01', 'own-boxed-01']);
    const offers = await r.incidents.offers(r.id, 65_536);
    const of = (name: string) => offers.find((offer) => offer.nodeName === name);
    assert.deepEqual([of('own-01')?.limitThen, of('own-01')?.nothing], [65_536, null]);
    assert.equal(of('own-boxed-01')?.limitThen, null);
    assert.match(
      of('own-boxed-01')?.nothing ?? '',
      /^Nothing to buy: 8,192 is its hard limit too, and root on own-boxed-01 has no CAP_SYS_RESOURCE/,
    );
    await r.pass(1);
    const { suggestions } = await r.get();
    assert.deepEqual(
      suggestions.filter((s) => s.runbook === 'buy-time').map((s) => s.selector),
      ['name=own-01'],
    );
  });
});

describe('evidence', () => {
  test('is kept by itself once in the life of a process that ends soon, and says what could not be read', async (t) => {
    const r = await leakOnTwo(t, ['edge-01']);
    await r.pass(5);
    const { captures, timeline } = await r.get();
    assert.deepEqual(
      captures.map((c) => [c.nodeName, c.by]),
      [['edge-01', 'rule time-to-emfile']],
    );
    assert.deepEqual(
      captures[0]?.parts.filter((p) => p.missing).map((p) => p.name),
      ['fds.txt'],
    );
    assert.match(timeline.find((e) => e.kind === 'capture')?.text ?? '', /5 of 6 parts of a process with 1,000 fds; not read: fds.txt/);
    const { bundle, head } = await r.incidents.captures.get(captures[0]?.id ?? '');
    const parsed: { parts: { name: string; text: string | null }[] } = JSON.parse(bundle);
    assert.deepEqual(
      parsed.parts.map((p) => p.name),
      ['status.txt', 'fds.txt', 'config.yaml', 'journal.txt', 'metrics.jsonl', 'judgement.json'],
    );
    assert.equal(Buffer.byteLength(bundle), head.bytes);

    r.restart('edge-01', leaking());
    await r.pass(3);
    assert.equal((await r.get()).captures.length, 2, 'the next process is another one');
  });

  test('is kept before a restart when it is asked for, once however many ask, and not of a node that is well', async (t) => {
    const r = await rig(t, ['edge-01', 'edge-02']);
    r.set('edge-01', leaking());
    const { incidents } = r;
    assert.equal(await incidents.keepBeforeRestart(r.idOf('edge-02')), null);
    const [first, second] = await Promise.all([
      incidents.keepBeforeRestart(r.idOf('edge-01')),
      incidents.keepBeforeRestart(r.idOf('edge-01')),
    ]);
    assert.match(first ?? '', /^5 of 6 parts of what the process of edge-01 holds are kept as c_\w+; not read: fds\.txt$/);
    assert.equal(second, first);
    assert.equal(await incidents.keepBeforeRestart(r.idOf('edge-01')), 'what the process of edge-01 holds was kept before');
    assert.deepEqual(
      (await r.db.selectFrom('captures').select('actor').execute()).map((c) => c.actor),
      ['the console, before a restart'],
    );
  });

  test('a second one by hand is kept beside it, with the name of who asked', async (t) => {
    const r = await leakOnTwo(t, ['edge-01']);
    await r.pass(1);
    const nodeId = r.idOf('edge-01');
    const verb = await r.incidents.captures.take(nodeId);
    await r.command(OPERATOR, verb, { nodeId, incidentId: r.id });
    assert.deepEqual((await r.get()).captures.map((c) => c.by).sort(), ['rule time-to-emfile', 'sre-oncall']);
  });

  test('goes to an incident of its own node only', async (t) => {
    const r = await leakOnTwo(t, ['edge-01', 'edge-02']);
    await r.pass(1);
    const [mine, theirs] = [r.idOf('edge-01'), r.idOf('edge-02')];
    const other = await r.command(OPERATOR, r.incidents.verbs.declare, { title: 'elsewhere', severity: 'info', nodeIds: [theirs] });
    const verb = await r.incidents.captures.take(mine);
    await assert.rejects(r.command(OPERATOR, verb, { nodeId: mine, incidentId: other.id }), { code: 'request.invalid' });
    const { timeline } = await r.incidents.get(other.id);
    assert.ok(timeline.every((entry) => entry.kind !== 'capture'));
  });
});

describe('bought time', () => {
  test('the offer says what the slope makes of it, and where there is nothing to buy', async (t) => {
    const r = await leakOnTwo(t, ['own-01', 'bare-01']);
    const offers = await r.incidents.offers(r.id, 65_536);
    const seen = await r.incidents.offers(r.id, 65_536, (nodeId) => nodeId === r.idOf('bare-01'));
    assert.deepEqual(
      seen.map((o) => o.nodeName),
      ['bare-01'],
      'of nodes that its reader does not see nothing is asked',
    );
    const of = (name: string) => offers.find((o) => o.nodeName === name);
    const own = of('own-01');
    assert.ok(own?.endNow && own.endThen && own.nothing === null);
    assert.deepEqual([own.limitNow, own.limitThen, Math.round(own.minutesBought ?? 0)], [8192, 65_536, Math.round((65_536 - 8192) / 60)]);
    assert.ok(own.endThen.mid > own.endNow.mid + 900 * 60 && own.endThen.low < own.endThen.mid);
    assert.match(of('bare-01')?.nothing ?? '', /Nothing to buy: 8,192 is its hard limit too/);
  });

  test('a run that raised the limit is noted, fires when the time runs out, and ends with the process', async (t) => {
    const r = await leakOnTwo(t, ['own-01']);
    const nodeId = r.idOf('own-01');
    await r.command(OPERATOR, r.incidents.verbs.expectBought, {
      incidentId: r.id,
      runId: 'r_000buy1',
      nodeIds: [nodeId],
      limit: 65_536,
      remindMinutes: 60,
    });
    const run = {
      id: 'r_000buy1',
      runbookKey: 'buy-time',
      runbookVersion: 'v',
      runbookTitle: 't',
      runbookText: '',
      selector: '*',
      strategy: '{}',
      params: '{"keep":true}',
      dryRun: 0,
      mutates: 1,
      status: 'succeeded',
      verdict: null,
      summary: '',
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
    await r.db.insertInto('runs').values(run).execute();
    await r.db
      .insertInto('runTargets')
      .values({
        runId: run.id,
        nodeId,
        name: 'own-01',
        position: 0,
        batch: 1,
        attempt: 1,
        status: 'succeeded',
        verdict: null,
        summary: '',
        judgement: null,
        wayBack: 'none',
        revertAt: null,
        grantedAt: null,
        edit: 'none',
        restart: 'none',
        undo: null,
        memo: JSON.stringify({
          limit: { before: 8192, asked: 65_536 },
          sentence: 'and the next process has it too, by /etc/systemd/system/x',
        }),
        startedAt: r.now(),
        finishedAt: r.now(),
      })
      .execute();
    r.set('own-01', { ...leaking(10), fdLimit: 65_536 });
    await r.pass(1);
    const [bought] = (await r.get()).bought;
    assert.deepEqual([bought?.limitBefore, bought?.limitAfter, Math.round(bought?.minutesBought ?? 0)], [8192, 65_536, 5734]);
    assert.match(
      (await r.get()).timeline.find((e) => e.kind === 'bought-time')?.text ?? '',
      /^Limit 8,192 → 65,536, and LimitNOFILE is staged for the next process: buys 4 d at 10 fds\/min; look again by 2026-03-01 13:02/,
    );
    const fires = async () => (await r.incidents.firing()).filter((s) => s.rule === 'bought-time').length;
    assert.equal(await fires(), 0);
    await r.pass(50);
    assert.equal(await fires(), 1, 'the reminder');
    r.restart('own-01', leaking(10));
    await r.pass(1);
    assert.equal(await fires(), 0);
    assert.ok((await r.get()).bought[0]?.endedAt);
    await r.pass(5);
    assert.equal((await r.get()).timeline.filter((e) => e.kind === 'bought-time').length, 2, 'told once each');
  });
});

describe('the postmortem', () => {
  test('stands on its own: figures, pictures inside, and no text of anybody becomes markup', async (t) => {
    const r = await leakOnTwo(t);
    await r.command(OPERATOR, r.incidents.verbs.acknowledge, { id: r.id });
    await r.command(OPERATOR, r.incidents.verbs.note, { id: r.id, text: '# not a heading | <img src=x> [link](http://x)\n- no list' });
    await r.pass(10);
    await r.command(OPERATOR, r.incidents.verbs.resolve, { id: r.id, reason: 'fixed upstream' });
    const { files, name } = await r.incidents.postmortem(r.id, 'inside');
    const text = files['postmortem.md'] ?? '';
    assert.equal(name, 'INC-1');
    const headings = [...text.matchAll(/^#+ .*$/gm)].map(([line]) => line);
    assert.deepEqual(headings, [
      '# INC-1: 2 nodes leak file descriptors',
      '## Summary',
      '## What happened',
      '## Impact',
      '## Timeline (UTC)',
      '## Cause',
      '## What was done',
      '## Verdict',
      '## What went well',
      '## What fell short',
      '## Action items',
      '## Evidence',
    ]);
    assert.doesNotMatch(text, /(?<!\\)(<img|\[link)/);
    assert.match(text, /\| edge-01 \| [\d,]+ \(\d+ %\) \| [\d,]+ \| \d+ (s|min) \| [\d,]+ \|/, 'impact with figures');
    assert.match(text, /resolved by sre-oncall: fixed upstream/);
    assert.match(text, /\| Acknowledged \| .* by sre-oncall, after \d+ (s|min) \|/);
    assert.match(
      text,
      /## What went well\n\n- When the first rule fired, edge-01 had [^\n]* left before EMFILE\.\n- It was acknowledged after 1 min\.\n/,
    );
    assert.equal(text.match(/seen then: /g)?.length, 2, 'what was seen of a node at a moment stands once, whatever fired');
    assert.match(text, /The rule "Leaking" saw it first/);
    const svg = Buffer.from(/data:image\/svg\+xml;base64,([A-Za-z0-9+/=]+)/.exec(text)?.[1] ?? '', 'base64').toString();
    assert.match(svg, /^<svg [\s\S]*<polyline points="[\d., ]+"[\s\S]*<\/svg>\n$/);
    const beside = await r.incidents.postmortem(r.id, 'files');
    assert.deepEqual(Object.keys(beside.files).sort(), ['charts/1.svg', 'charts/2.svg', 'postmortem.md']);
    assert.match(beside.files['postmortem.md'] ?? '', /!\[Open fds of edge-01 during the incident\]\(charts\/1.svg\)/);
  });
});
