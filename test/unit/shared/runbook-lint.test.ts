import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRunbooks } from '#server/runbooks/index.ts';
import { lintSteps } from '#shared/runbook-lint.ts';
import { parseRunbookText } from '#shared/runbook-text.ts';

const text = (blocks: string[], mutates = true) =>
  `---\nkey: demo\ntitle: Demo\nsummary: A demo.\nmutates: ${mutates}\n---\n${blocks.map((b, i) => `## S${i}\n\`\`\`step\n${b}\n\`\`\`\n`).join('')}`;
const findings = (blocks: string[], mutates?: boolean) =>
  lintSteps(parseRunbookText(text(blocks, mutates))).map((f) => `${f.step}: ${f.message}`);
const armed = (...between: string[]) => ['kind: preflight', 'kind: arm-revert', ...between, 'kind: disarm-revert'];

describe('a runbook that can be read and should not be run', () => {
  test('the built-in ones have nothing to say against', () => {
    for (const runbook of createRunbooks().list()) assert.deepEqual(lintSteps(runbook), []);
  });
  test('an edit without a way back, and a way back that nobody takes away', () => {
    assert.match(findings(['kind: edit-config\nparams: { pool: { enabled: false } }']).join(), /needs a arm-revert step before it/);
    assert.match(findings(['kind: arm-revert']).join(), /no disarm-revert follows/);
    assert.deepEqual(findings(armed('kind: edit-config\nparams: { pool: { enabled: false } }')), []);
  });
  test('a watch with nothing to hold against, and a proof of a restart with no process before it', () => {
    assert.match(findings(['kind: watch']).join(), /needs a baseline step/);
    assert.match(findings(['kind: verify-process']).join(), /needs a preflight step/);
  });
  test('one that says it only looks, and does not', () =>
    assert.match(
      findings(['kind: service\nparams: { action: restart }'], false).join(),
      /changes a node, and the front matter says mutates: false/,
    ));
  test('params that the step does not take', () => {
    assert.match(findings(['kind: service\nparams: { action: stop }']).join(), /params\.action/);
    assert.match(findings(['kind: note\nparams: { command: "rm -rf /" }']).join(), /params/);
    assert.match(findings(armed('kind: edit-config\nparams: { pool: { max_per_hosts: 3 } }')).join(), /edit-config: params/);
    const gate = 'kind: gate\nparams:\n  question: Go on?\n  default: yes\n  options: [{ value: go, label: Go }]';
    assert.match(findings([gate.replace('yes', 'maybe')]).join(), /"maybe", which is none of its options/);
  });
});
