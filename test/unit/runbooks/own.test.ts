import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { createAudit } from '#server/audit/index.ts';
import { createCommand } from '#server/command/index.ts';
import { openDatabase } from '#server/db/index.ts';
import { createEventHub } from '#server/events/index.ts';
import { systemClock } from '#server/kernel/clock.ts';
import { createRunbooks, createSaveRunbook, ownRunbooks, removeRunbook, savedVersions } from '#server/runbooks/index.ts';
import type { Actor } from '#shared/access.ts';

const ANA: Actor = { kind: 'user', id: 'u_ana', name: 'ana', role: 'approver' };
const text = (key: string, title = 'Mine') =>
  `---\nkey: ${key}\ntitle: ${title}\nsummary: Looks.\nmutates: false\n---\n## Look\n\`\`\`step\nkind: preflight\n\`\`\`\n`;

async function place(t: TestContext) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'runbooks-'));
  const db = await openDatabase({ file: ':memory:' });
  t.after(async () => {
    await db.destroy();
    fs.rmSync(folder, { recursive: true });
  });
  const command = createCommand({ db, audit: createAudit({ db }), events: createEventHub(), clock: systemClock });
  const runbooks = createRunbooks({ own: ownRunbooks({ db, folder }) });
  const keys = async () => {
    await runbooks.refresh();
    return runbooks.list().flatMap((r) => (r.builtin ? [] : [r.key]));
  };
  const save = async (one: string, actor = ANA) => command(actor, createSaveRunbook(runbooks), { text: one });
  const remove = (key: string) => command(ANA, removeRunbook, { key });
  const write = (name: string, content: string) => fs.writeFileSync(path.join(folder, name), content);
  return { db, folder, runbooks, keys, save, remove, write };
}

describe('the operators’ own runbooks', () => {
  test('come from a folder and from what was saved, and the saved one outweighs the folder', async (t) => {
    const { runbooks, keys, save, write } = await place(t);
    write('a.md', text('from-folder'));
    write('b.md', text('both', 'In the folder'));
    write('notes.txt', 'not a runbook');
    await save(text('both', 'Saved'));
    await save(text('saved'));
    assert.deepEqual(await keys(), ['both', 'from-folder', 'saved']);
    assert.equal(runbooks.get('both').title, 'Saved');
    assert.equal(runbooks.get('fd-leak').builtin, true);
  });

  test('without a folder there are none, and that is no error', async (t) => {
    const { folder, keys, runbooks } = await place(t);
    fs.rmdirSync(folder);
    assert.deepEqual(await keys(), []);
    assert.deepEqual(runbooks.problems(), []);
    fs.mkdirSync(folder);
  });

  test('a file that is no runbook is told with its line, and keeps no other from being there', async (t) => {
    const { runbooks, keys, write } = await place(t);
    write('broken.md', '---\nkey: x\n---\n');
    write('twin.md', text('good'));
    write('good.md', text('good'));
    write('shadow.md', text('fd-leak'));
    write('huge.md', text('huge') + 'x'.repeat(300_000));
    write('unsafe.md', text('unsafe').replace('preflight', 'edit-config\nparams: { pool: { enabled: false } }'));
    assert.deepEqual(await keys(), ['good']);
    const told = runbooks.problems().map((p) => `${p.file}: ${p.message}`);
    assert.equal(told.length, 5, told.join('\n'));
    for (const words of [/broken\.md.*line 2/, /twin\.md.*taken/, /fd-leak.*built-in/, /huge\.md.*bytes/, /unsafe\.md.*arm-revert/])
      assert.match(told.join('\n'), words);
  });

  test('keep every version, with who saved it; the same text again is none', async (t) => {
    const { db, keys, save, remove } = await place(t);
    const first = await save(text('mine', 'One'));
    await save(text('mine', 'One'));
    const second = await save(text('mine', 'Two'));
    assert.notEqual(first.version, second.version);
    await remove('mine');
    assert.deepEqual(await keys(), []);
    const versions = await savedVersions(db, 'mine');
    assert.deepEqual(
      versions.map((v) => [v.version, v.text === null, v.savedBy]),
      [
        [second.version, true, 'ana'],
        [second.version, false, 'ana'],
        [first.version, false, 'ana'],
      ],
    );
    await save(text('mine', 'Two'));
    assert.deepEqual(await keys(), ['mine'], 'it may come back');
  });

  test('that are not sound are not saved: the answer says where and why', async (t) => {
    const { save, remove, keys } = await place(t);
    await assert.rejects(save('# nothing'), { code: 'runbook.invalid', message: /line 1/ });
    await assert.rejects(save(text('fd-leak')), { code: 'runbook.invalid', message: /built-in/ });
    await assert.rejects(save(text('x').replace('preflight', 'watch')), { code: 'runbook.invalid', message: /needs a baseline/ });
    await assert.rejects(save(text('x'), { ...ANA, role: 'operator' }), { code: 'auth.forbidden' });
    await assert.rejects(remove('fd-leak'), { code: 'runbook.not-found' });
    assert.deepEqual(await keys(), []);
  });
});
