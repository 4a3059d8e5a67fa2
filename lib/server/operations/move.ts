import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { type Audit, createAudit } from '#server/audit/index.ts';
import { type Copied, copyToPostgres, holdLock, inspectSqlite, openDatabase, snapshotSqlite } from '#server/db/index.ts';
import { type Config, ConfigError } from '#server/kernel/config.ts';
import { isHeadroomError } from '#server/kernel/errors.ts';
import { createSettings, keysAtHand, openKeyring, rotateSecrets } from '#server/settings/index.ts';
import type { Actor } from '#shared/access.ts';
import { type AuditRow, chainBreak } from '#shared/audit-chain.ts';
import { readFacts } from './facts.ts';
import { checkDatabase, unpack } from './restore.ts';

export type MoveDone = Copied & {
  /** what was moved: the archive, or the file of the data directory */
  from: string;
  nodes: number;
  auditHead: string | null;
  /** of HEADROOM_SECRET, which seals the secrets there */
  keyId: string;
  /** the key that sealed them before; null when it was that one already */
  resealedFrom: string | null;
  /** of the archive, now in the data directory */
  files: string[];
};

const ADMIN: Actor = { kind: 'system', id: 'system', name: 'headroom move', role: 'admin' };
const LEFT_OVER = /^\.move-.+$/;

/**
 * The console of a data directory that no console runs on, or of an archive of `backup`, put into the empty PostgreSQL database that the settings name: all
 * of it in one transaction, or nothing. It works on a copy, which is checked, brought to today's schema and sealed with HEADROOM_SECRET first; the source
 * stays as it was. Throws a ConfigError in words.
 */
export async function moveToPostgres(options: { config: Config; file: string | null; onStep?: (step: string) => void }): Promise<MoveDone> {
  const { config, file } = options;
  const { dataDir, databaseUrl } = config;
  if (databaseUrl === null)
    throw new ConfigError('HEADROOM_DATABASE_URL is not set: it should name the empty PostgreSQL database that the console is moved into');
  const own = path.join(dataDir, 'headroom.db');
  if (file === null && !fs.existsSync(own))
    throw new ConfigError(
      `HEADROOM_DATA_DIR is ${JSON.stringify(dataDir)}: there is no headroom.db in it to move; name the data directory of before, or an archive of headroom backup`,
    );
  fs.mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const lock = holdLock(path.join(dataDir, 'lock'), 100);
  if (!lock) throw new ConfigError(`HEADROOM_DATA_DIR is ${JSON.stringify(dataDir)}: a console runs on it; stop it, and move it then`);
  const staging = path.join(dataDir, `.move-${process.pid}`);
  try {
    for (const left of fs.readdirSync(dataDir).filter((name) => LEFT_OVER.test(name)))
      fs.rmSync(path.join(dataDir, left), { recursive: true, force: true });
    fs.mkdirSync(path.join(staging, 'runbooks'), { recursive: true, mode: 0o700 });
    const database = path.join(staging, 'headroom.db');
    const files = file === null ? takeOwn(own, database) : await takeArchive(file, staging);
    const sealed = await prepareCopy({ config, database, staging, from: file ?? own });
    // as with a restore, the database comes last
    putFiles(staging, dataDir, files);
    const step = options.onStep && { onStep: options.onStep };
    const copied = await copyToPostgres({ file: database, url: databaseUrl, checkAudit: sameAudit(sealed.auditHead), ...step }).catch(away);
    return { from: file ?? own, ...copied, ...sealed, files };
  } finally {
    fs.rmSync(staging, { recursive: true, force: true });
    lock.release();
  }
}

function takeOwn(own: string, to: string): string[] {
  const { problem, newer } = inspectSqlite(own);
  if (problem !== null) throw new ConfigError(`${own} is damaged: ${problem}; repair it, or move a backup`);
  if (newer.length > 0)
    throw new ConfigError(`${own} was written by a newer Headroom (it has ${newer.join(', ')}): move it with that version`);
  snapshotSqlite(own, to);
  const { auditBreak } = readFacts(to);
  if (auditBreak !== null) throw new ConfigError(`${own}: its audit is not whole: ${auditBreak}`);
  return [];
}

async function takeArchive(file: string, staging: string): Promise<string[]> {
  const manifest = await unpack(file, staging);
  checkDatabase(file, path.join(staging, 'headroom.db'), manifest);
  return manifest.files.map(({ name }) => name).filter((name) => !name.endsWith('.db'));
}

/** Today's schema, HEADROOM_SECRET's seal, a signed audit with a row that says where it went. */
async function prepareCopy(options: { config: Config; database: string; staging: string; from: string }) {
  const { config, database, staging, from } = options;
  const db = await openDatabase({ file: database });
  try {
    const before = readFacts(database).keyId;
    const old = keysAtHand(config).find(({ id }) => id === before);
    if (before !== null && !old) throw noKey(config, before);
    // a folder without a key's file: the one of the data directory stays where it is
    const source = { dataDir: staging, secret: config.secret, secretPrevious: old?.bytes ?? config.secret };
    const keyring = await openKeyring(db, source);
    const audit = createAudit({ db, sealed: createSettings({ db, keyring }).sealed });
    const now = Date.now();
    await audit.prepare(now);
    const { brokenAt, problem } = await audit.verify();
    if (brokenAt !== null) throw new ConfigError(`${from}: its audit is not whole: ${problem}`);
    const { to, changed } = await rotateSecrets(db, source);
    await record(audit, { from: 'SQLite', to: 'PostgreSQL', ...(changed && { keyId: to, keyIdBefore: before }) }, now);
    const { nodes } = await db
      .selectFrom('nodes')
      .select((eb) => eb.fn.countAll<number>().as('nodes'))
      .executeTakeFirstOrThrow();
    return { nodes, keyId: to, resealedFrom: changed ? before : null, auditHead: (await audit.verify()).head };
  } finally {
    await db.destroy();
  }
}

const record = (audit: Audit, after: object, at: number) =>
  audit.record({ actor: ADMIN, action: 'database.move', object: 'console', result: 'ok', after, at });

function noKey(config: Config, wanted: string): ConfigError {
  const have = keysAtHand(config).map(({ id, from }) => `${from} is key ${id}`);
  return new ConfigError(
    `the secrets are sealed with key ${wanted}: ${have.join(', ')}; put that key's file at ${path.join(config.dataDir, 'secret')} (mode 600), ` +
      'or set HEADROOM_SECRET_PREVIOUS to it, and move again',
  );
}

/** Of the archive, beside the database: nothing that is there already is written over. */
function putFiles(staging: string, dataDir: string, names: readonly string[]): void {
  const other = names.filter(
    (name) => fs.existsSync(path.join(dataDir, name)) && !same(path.join(staging, name), path.join(dataDir, name)),
  );
  if (other.length > 0)
    throw new ConfigError(
      `${other.map((name) => path.join(dataDir, name)).join(', ')}: there is another one in the archive; move yours away first`,
    );
  if (names.some((name) => name.startsWith('runbooks/'))) fs.mkdirSync(path.join(dataDir, 'runbooks'), { recursive: true, mode: 0o700 });
  for (const name of names) fs.renameSync(path.join(staging, name), path.join(dataDir, name));
}

const same = (a: string, b: string): boolean => fs.readFileSync(a).equals(fs.readFileSync(b));

/** The audit as the other database gives it is the one that was sent, to its last row. */
const sameAudit = (head: string | null) => async (pages: AsyncIterable<AuditRow[]>) => {
  let last: AuditRow | null = null;
  for await (const page of pages)
    for (const row of page) {
      const problem = chainBreak(row, last, sha256);
      if (problem !== null) throw new ConfigError(`the audit is not whole in PostgreSQL: ${problem}`);
      last = row;
    }
  const got = last && `${last.seq}:${last.hash}`;
  if (got !== head) throw new ConfigError(`the audit ends with ${got} in PostgreSQL and should end with ${head}`);
};

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Refusals are in words already; the rest is the database's own. */
function away(error: unknown): never {
  if (error instanceof ConfigError) throw error;
  const cause = isHeadroomError(error) ? error.cause : error;
  const why = cause instanceof Error ? cause.message || cause.name : String(cause);
  throw new ConfigError(
    `HEADROOM_DATABASE_URL: PostgreSQL broke off (${why}); nothing was moved, or all of it when that was in its last instant: move again, which then says that it is not empty`,
    { cause: error },
  );
}
