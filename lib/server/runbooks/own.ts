import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Db, Tx } from '#server/db/index.ts';
import { HeadroomError, isHeadroomError } from '#server/kernel/errors.ts';
import type { Verb } from '#server/kernel/verb.ts';
import { lintSteps } from '#shared/runbook-lint.ts';
import { type Runbook, type RunbookProblem, type RunbookVersion, runbookTextSchema } from '#shared/runbooks.ts';
import { toInstant } from '#shared/time.ts';
import { keyIsBuiltin, type OwnRunbooks, type Runbooks } from './catalogue.ts';
import { parseRunbook } from './parse.ts';

/** A folder of runbooks is read whole; what is beyond these was not meant to be one. */
const MAX_FILES = 200;
const MAX_BYTES = 256 * 1024;

/** From the operators' folder (`*.md`, a checkout of theirs for example) and from what was saved in the console, which outweighs the folder. */
export function ownRunbooks(deps: { db: Db; folder: string }): OwnRunbooks {
  return async () => {
    const inFolder = await readFolder(deps.folder);
    const saved = await loadSaved(deps.db);
    const keys = new Set(saved.map((r) => r.key));
    return { runbooks: [...inFolder.runbooks.filter((r) => !keys.has(r.key)), ...saved], problems: inFolder.problems };
  };
}

async function readFolder(folder: string): Promise<{ runbooks: Runbook[]; problems: RunbookProblem[] }> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  const files = names.filter((n) => n.endsWith('.md')).sort();
  const runbooks: Runbook[] = [];
  const problems: RunbookProblem[] = [];
  if (files.length > MAX_FILES)
    problems.push({ file: folder, message: `it holds ${files.length} runbooks; the first ${MAX_FILES} are read` });
  for (const file of files.slice(0, MAX_FILES)) {
    try {
      const runbook = await readOne(path.join(folder, file), file);
      const twin = runbooks.find((r) => r.key === runbook.key);
      if (twin !== undefined) problems.push({ file, message: `the key "${runbook.key}" is taken by a file before it` });
      else runbooks.push(runbook);
    } catch (error) {
      problems.push({ file, message: error instanceof Error ? error.message : String(error) });
    }
  }
  return { runbooks, problems };
}

async function readOne(name: string, file: string): Promise<Runbook> {
  const { size } = await stat(name);
  if (size > MAX_BYTES) throw new HeadroomError('runbook.invalid', `it has ${size} bytes; a runbook has ${MAX_BYTES} at most`);
  return parseSound(await readFile(name, 'utf8'), file);
}

/** A text that can be read and that makes sense; throws runbook.invalid, with the line or the step. */
function parseSound(text: string, name: string): Runbook {
  const runbook = parseRunbook(text, { name, builtin: false });
  const [finding] = lintSteps(runbook);
  if (finding === undefined) return runbook;
  throw new HeadroomError('runbook.invalid', `${name}${finding.step === null ? '' : `, step "${finding.step}"`}: ${finding.message}`);
}

/** The newest version of each key that was not taken away. */
async function loadSaved(db: Db | Tx): Promise<Runbook[]> {
  const rows = await db.selectFrom('runbookVersions').selectAll().orderBy('seq').execute();
  const newest = new Map(rows.map((row) => [row.key, row]));
  return [...newest.values()].flatMap(({ key, text }) => {
    if (text === null) return [];
    try {
      return [parseRunbook(text, { name: key, builtin: false })];
    } catch (error) {
      // Saved by an older console whose grammar allowed it: the versions page still shows it.
      if (isHeadroomError(error)) return [];
      throw error;
    }
  });
}

/** Newest first, with their texts; empty for a runbook that was never saved here. */
export async function savedVersions(db: Db, key: string): Promise<RunbookVersion[]> {
  const rows = await db.selectFrom('runbookVersions').selectAll().where('key', '=', key).orderBy('seq', 'desc').execute();
  return rows.map(({ version, text, savedBy, savedAt }) => ({ version, text, savedBy, savedAt: toInstant(savedAt) }));
}

const newestOf = (tx: Tx, key: string) =>
  tx.selectFrom('runbookVersions').selectAll().where('key', '=', key).orderBy('seq', 'desc').limit(1).executeTakeFirst();

/** Saves a version; the same text again is no new one. */
export function createSaveRunbook(runbooks: Pick<Runbooks, 'list'>): Verb<typeof runbookTextSchema, Tx, Runbook> {
  return {
    name: 'runbook.save',
    permission: 'runbook.write',
    input: runbookTextSchema,
    async run(tx, { text }, { actor, now }) {
      const runbook = parseSound(text, 'the text');
      const { key, version } = runbook;
      if (runbooks.list().some((r) => r.builtin && r.key === key)) throw new HeadroomError('runbook.invalid', `${keyIsBuiltin(key)}.`);
      const last = await newestOf(tx, key);
      if (last?.text !== text)
        await tx.insertInto('runbookVersions').values({ key, version, text, savedBy: actor.name, savedAt: now }).execute();
      const before = last === undefined ? undefined : { version: last.version };
      return { result: runbook, object: `runbook:${key}`, before, after: { version }, events: [{ type: 'runbook.changed', key }] };
    },
  };
}

const keyRef = z.object({ key: z.string().min(1).max(64) });

/** Takes it from the list; its versions, and the runs that ran it, stay. */
export const removeRunbook: Verb<typeof keyRef, Tx, { removed: string }> = {
  name: 'runbook.remove',
  permission: 'runbook.write',
  input: keyRef,
  async run(tx, { key }, { actor, now }) {
    const last = await newestOf(tx, key);
    if (last === undefined || last.text === null)
      throw new HeadroomError(
        'runbook.not-found',
        `No runbook "${key}" was saved in this console; one that comes with it, or from the folder of runbooks, is not removed here.`,
      );
    await tx.insertInto('runbookVersions').values({ key, version: last.version, text: null, savedBy: actor.name, savedAt: now }).execute();
    const events = [{ type: 'runbook.changed' as const, key }];
    return { result: { removed: key }, object: `runbook:${key}`, before: { version: last.version }, events };
  },
};
