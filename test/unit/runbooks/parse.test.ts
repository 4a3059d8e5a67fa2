import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { createRunbooks, parseRunbook } from '#server/runbooks/index.ts';

const HEAD = '---\nkey: demo\ntitle: Demo\nsummary: A demo.\n---\n';
const step = (block: string) => `\`\`\`step\n${block}\n\`\`\`\n`;
const parse = (text: string) => parseRunbook(text, { name: 'demo.md', builtin: false });
const refuses = (text: string, message: RegExp) => assert.throws(() => parse(text), { code: 'runbook.invalid', message });

describe('a runbook', () => {
  test('is its front matter, and a step for every heading with a step block, under the section above it', () => {
    const runbook = parse(
      `${HEAD}Intro.\n\n## Update config.yaml\n\nWhy.\n\n### Edit it\n\nProse with \`code\`.\n\n${step('kind: edit-config\nparams:\n  pool:\n    enabled: false\ntimeout: 9')}\n## Watch\n\n${step('kind: watch\nkey: look\nonFail: continue')}`,
    );
    assert.deepEqual(
      runbook.steps.map((s) => [s.section, s.title, s.key, s.kind, s.timeoutSeconds, s.onFail, s.prose]),
      [
        ['Update config.yaml', 'Edit it', 'edit-config', 'edit-config', 9, 'stop', 'Prose with `code`.'],
        ['Watch', 'Watch', 'look', 'watch', 60, 'continue', ''],
      ],
    );
    assert.deepEqual(runbook.steps[0]?.params, { pool: { enabled: false } });
    assert.equal(runbook.mutates, true);
  });

  test('has the first 12 digits of its text’s sha256 as version', () => {
    const text = `${HEAD}## A\n${step('kind: note')}`;
    assert.equal(parse(text).version, createHash('sha256').update(text).digest('hex').slice(0, 12));
    assert.notEqual(parse(`${text}\n`).version, parse(text).version);
  });

  test('may hold other fenced blocks, whose contents are prose and not steps', () => {
    const runbook = parse(`${HEAD}## A\n~~~sh\n# not a heading\n\`\`\`step\n~~~\n${step('kind: note')}`);
    assert.equal(runbook.steps.length, 1);
    assert.match(runbook.steps[0]?.prose ?? '', /# not a heading/);
  });
});

describe('what is wrong is said with file and line', () => {
  test('no front matter, or none that ends', () => {
    refuses('# A', /^demo\.md line 1: must begin with front matter/);
    refuses('---\nkey: x\n', /line 1: the front matter has no closing/);
  });
  test('front matter that is not YAML or lacks a key', () => {
    refuses('---\nkey: [\n---\n', /demo\.md line [23]: front matter is not valid YAML/);
    refuses('---\nkey: x\ntitle: T\n---\n', /front matter: summary:/);
    refuses('---\nkey: X Y\ntitle: T\nsummary: S\n---\n', /front matter: key: must be lower case/);
  });
  test('no step at all', () => refuses(`${HEAD}## A\ntext\n`, /there is no step/));
  test('a step block before any heading', () => refuses(`${HEAD}${step('kind: note')}`, /line 6: a step block stands under a heading/));
  test('two step blocks under one heading', () =>
    refuses(`${HEAD}## A\n${step('kind: note')}${step('kind: note')}`, /line 10: the heading "A" has a step block already, in line 7/));
  test('a kind that does not exist', () => refuses(`${HEAD}## A\n${step('kind: reboot')}`, /step "A": kind: .*preflight/));
  test('a field that does not exist', () => refuses(`${HEAD}## A\n${step('kind: note\ntimout: 5')}`, /step "A": .*timout/));
  test('YAML that does not parse, by the line in the file', () =>
    refuses(`${HEAD}## A\n${step('kind: note\nparams: [')}`, /line (9|10): step "A" is not valid YAML/));
  test('one key twice, with both lines', () =>
    refuses(
      `${HEAD}## A\n${step('kind: note')}## B\n${step('kind: note')}`,
      /line 12: step "B": the key "note" is taken by the step in line 6/,
    ));
  test('a fence that is not closed', () => refuses(`${HEAD}## A\n\`\`\`step\nkind: note\n`, /line 7: this fenced block is not closed/));
});

describe('the built-in runbooks', () => {
  const runbooks = createRunbooks();

  test('all parse, with a unique key each', () => {
    assert.deepEqual(
      runbooks.list().map((r) => r.key),
      [
        'buy-time',
        'capture-evidence',
        'config-rollback',
        'fd-leak',
        'install-proxy',
        'pool-reload',
        'pool-settings',
        'rolling-restart',
        'upgrade-proxy',
      ],
    );
    assert.throws(() => runbooks.get('no-such'), { code: 'runbook.not-found', message: /fd-leak/ });
  });

  test('fd-leak has the per-node order, under the six headings of the document', () => {
    const { steps } = runbooks.get('fd-leak');
    const order =
      'preflight baseline arm-revert edit-config validate restart verify-process verify-fds watch verify-logs verify-metrics gate';
    assert.equal(steps.map((s) => s.key).join(' '), `${order} disarm-revert record`);
    assert.deepEqual(
      [...new Set(steps.map((s) => s.section))],
      ['Update config.yaml', 'Restart service', 'Verify fix', 'Watch for growth', 'Check logs', 'Monitor metrics'],
    );
  });

  test('fd-leak shows the document’s commands verbatim', () => {
    const documented = runbooks.get('fd-leak').steps.flatMap((s) => (s.documented === null ? [] : [s.documented]));
    for (const command of [
      'connection_pool:\n  enabled: false',
      'systemctl restart sniproxy',
      'lsof -p $(pgrep sniproxy-server) | wc -l',
      "watch -n 5 'lsof -p $(pgrep sniproxy-server) | wc -l'",
      'journalctl -u sniproxy -f',
      'curl http://localhost:9090/metrics | grep sniproxy_pool_active_connections',
    ])
      assert.ok(
        documented.some((text) => text.includes(command)),
        command,
      );
  });

  test('every step says what its number proves and what it does not', () => {
    for (const runbook of runbooks.list())
      for (const step of runbook.steps) assert.ok(step.proves.length > 0 && step.doesNotProve.length > 0, `${runbook.key} ${step.key}`);
  });
});
