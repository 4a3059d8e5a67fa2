import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { headroom } from '#cli/headroom.ts';
import { lintRunbook } from '#cli/runbook-lint.ts';

const text = (kind: string) => `---\nkey: demo\ntitle: Demo\nsummary: A demo.\n---\n\n## A\n\n\`\`\`step\nkind: ${kind}\n\`\`\`\n`;

describe('runbook lint', () => {
  test('says of a runbook that it can be run', async () => {
    const file = path.resolve(import.meta.dirname, '../../../lib/server/runbooks/builtin/fd-leak.md');
    const { code, lines } = await headroom(['runbook', 'lint', file]);
    assert.equal(code, 0);
    assert.match(lines.join(), /fd-leak, 14 steps, can be run/);
  });
  test('names file and line of what is wrong', () => {
    const { code, lines } = lintRunbook('demo.md', text('reboot'));
    assert.equal(code, 1);
    assert.match(lines.join(), /^demo\.md:10: step "A": kind: /);
  });
  test('refuses a step that is not told what it needs, and says what', () => {
    const { code, lines } = lintRunbook('demo.md', text('notify'));
    assert.equal(code, 1);
    assert.match(lines.join(), /^demo\.md: step "notify": params\.channel: /);
  });
});
