import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { createGunzip } from 'node:zlib';
import { holdLock, inspectSqlite, newerThanKnown } from '#server/db/index.ts';
import { type Config, ConfigError } from '#server/kernel/config.ts';
import { keysAtHand } from '#server/settings/index.ts';
import { type Facts, readFacts } from './facts.ts';
import { isBackupName, MANIFEST, MANIFEST_MOST_BYTES, type Manifest, manifestSchema } from './manifest.ts';
import { type TarEntry, tarEntries } from './tar.ts';

export type RestoreDone = { manifest: Manifest; facts: Facts; dataDir: string };

/** May lie in a data directory that is restored into: the key that was put there for it, and what file systems and killed restores leave. */
const MAY_BE_THERE = /^(?:secret|lost\+found|lock(?:-journal|-wal|-shm)?|\.(?:restore|move)-.+)$/;

/** What a killed restore had moved in already; the database is the last. */
const OF_A_KILLED_RESTORE = /^(?:runbooks|metrics\.db|ssh-certificate\.pub)$/;

const isLeftOver = (name: string): boolean => name.startsWith('.restore-');

/** Throws when a restore into this data directory was killed: a console would begin an empty fleet beside what is there. */
export function assertRestored(dataDir: string): void {
  if (fs.existsSync(path.join(dataDir, 'headroom.db')) || !fs.readdirSync(dataDir).some(isLeftOver)) return;
  throw new ConfigError(
    `HEADROOM_DATA_DIR is ${JSON.stringify(dataDir)}: a restore into it did not come to its end; run \`headroom restore\` again`,
  );
}

/**
 * Puts an archive of `backup` into an empty data directory. Everything is checked beside it first (names, sizes, hashes, the database, the audit, that the
 * key is at hand); the database is moved in last, so a console finds all of it or no database. Throws a ConfigError in words.
 */
export async function restore({ config, file }: { config: Config; file: string }): Promise<RestoreDone> {
  const { dataDir, databaseUrl } = config;
  if (databaseUrl !== null)
    throw new ConfigError('HEADROOM_DATABASE_URL is set: this archive is of a console without it; restore with that variable unset');
  fs.mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const lock = holdLock(path.join(dataDir, 'lock'), 100);
  if (!lock)
    throw new ConfigError(
      `HEADROOM_DATA_DIR is ${JSON.stringify(dataDir)}: a console runs on it; stop it, and restore into an empty folder`,
    );
  const staging = path.join(dataDir, `.restore-${process.pid}`);
  try {
    const names = fs.readdirSync(dataDir);
    const killed = names.some(isLeftOver);
    const there = names.filter((name) => !MAY_BE_THERE.test(name) && !(killed && OF_A_KILLED_RESTORE.test(name)));
    if (there.length > 0)
      throw new ConfigError(
        `HEADROOM_DATA_DIR is ${JSON.stringify(dataDir)}: it is not empty (${there.slice(0, 3).join(', ')}); a restore overwrites nothing, name an empty folder`,
      );
    for (const left of names.filter((name) => isLeftOver(name) || OF_A_KILLED_RESTORE.test(name)))
      fs.rmSync(path.join(dataDir, left), { recursive: true, force: true });
    fs.mkdirSync(path.join(staging, 'runbooks'), { recursive: true, mode: 0o700 });
    const manifest = await unpack(file, staging);
    const facts = checkDatabase(file, path.join(staging, 'headroom.db'), manifest);
    assertKey(config, manifest);
    moveIn(staging, dataDir, manifest);
    return { manifest, facts, dataDir };
  } finally {
    fs.rmSync(staging, { recursive: true, force: true });
    lock.release();
  }
}

/** Whatever an archive holds, it writes into `staging` alone, under names of the closed list, and no more than its manifest said. */
export async function unpack(file: string, staging: string): Promise<Manifest> {
  const broken = (why: string) => new ConfigError(`${file} is no whole backup: ${why}`);
  const raw = fs.createReadStream(file);
  const plain = raw.pipe(createGunzip());
  raw.on('error', (error) => plain.destroy(error));
  try {
    const entries = tarEntries(plain);
    const first = await entries.next();
    if (first.done || first.value.name !== MANIFEST) throw broken(`it should begin with ${MANIFEST}`);
    const manifest = await readManifest(first.value);
    const newer = newerThanKnown(manifest.schema);
    if (newer.length > 0)
      throw new ConfigError(
        `${file} is of Headroom ${manifest.version}, a newer one (it has ${newer.join(', ')}): restore it with that version`,
      );
    const missing = new Map(manifest.files.map((wanted) => [wanted.name, wanted]));
    if (missing.size !== manifest.files.length || !missing.has('headroom.db'))
      throw broken('its manifest names no headroom.db, or a name twice');
    for await (const entry of entries) {
      const wanted = missing.get(entry.name);
      if (!wanted || !isBackupName(entry.name)) throw broken(`it holds ${JSON.stringify(entry.name)}, which its manifest does not name`);
      missing.delete(entry.name);
      if (entry.size !== wanted.size) throw broken(`${entry.name} has ${entry.size} bytes; its manifest says ${wanted.size}`);
      if ((await write(entry, path.join(staging, entry.name))) !== wanted.sha256)
        throw broken(`${entry.name} is not what was backed up (its sha256 differs)`);
    }
    if (missing.size > 0) throw broken(`${[...missing.keys()].join(', ')} is not in it`);
    return manifest;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw broken(error instanceof Error ? error.message : String(error));
  } finally {
    raw.destroy();
    plain.destroy();
  }
}

async function readManifest(entry: TarEntry): Promise<Manifest> {
  if (entry.size > MANIFEST_MOST_BYTES) throw new Error(`its manifest has ${entry.size} bytes: ${MANIFEST_MOST_BYTES} is the most`);
  const chunks: Buffer[] = [];
  for await (const chunk of entry.content) chunks.push(chunk);
  const parsed = manifestSchema.safeParse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`its manifest is not one: ${issue?.path.join('.')}: ${issue?.message}`);
}

/** Gives the sha256 of what was written. */
async function write(entry: TarEntry, to: string): Promise<string> {
  const hash = createHash('sha256');
  const handle = await fs.promises.open(to, 'wx', 0o600);
  try {
    for await (const chunk of entry.content) {
      hash.update(chunk);
      await handle.writeFile(chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}

/** What the archive's database says of itself, when it is the one that the manifest describes. */
export function checkDatabase(file: string, database: string, manifest: Manifest): Facts {
  const { problem, newer } = inspectSqlite(database);
  if (problem !== null) throw new ConfigError(`${file}: its database is damaged: ${problem}`);
  if (newer.length > 0) throw new ConfigError(`${file}: its database was written by a newer Headroom (it has ${newer.join(', ')})`);
  const facts = readFacts(database);
  if (facts.auditBreak !== null) throw new ConfigError(`${file}: its audit is not whole: ${facts.auditBreak}`);
  if (facts.auditHead?.hash !== manifest.auditHead?.hash || facts.keyId !== manifest.keyId)
    throw new ConfigError(`${file}: its database is not the one that its manifest describes`);
  return facts;
}

function assertKey(config: Config, manifest: Manifest): void {
  const keys = keysAtHand(config);
  if (manifest.keyId === null || keys.some(({ id }) => id === manifest.keyId)) return;
  const have = keys.map(({ id, from }) => `${from} is key ${id}`).join(', ') || 'no key is at hand';
  throw new ConfigError(
    `the secrets in this backup are sealed with key ${manifest.keyId}, which is not in it: ${have}; ` +
      `set HEADROOM_SECRET to it, or put the key's file at ${path.join(config.dataDir, 'secret')} (mode 600), and restore again`,
  );
}

function moveIn(staging: string, dataDir: string, manifest: Manifest): void {
  const names = manifest.files.map(({ name }) => name).sort((a, b) => Number(a === 'headroom.db') - Number(b === 'headroom.db'));
  if (names.some((name) => name.startsWith('runbooks/'))) fs.mkdirSync(path.join(dataDir, 'runbooks'), { recursive: true, mode: 0o700 });
  for (const name of names) {
    if (name === 'headroom.db') sync(dataDir);
    fs.renameSync(path.join(staging, name), path.join(dataDir, name));
  }
  sync(dataDir);
}

function sync(folder: string): void {
  const handle = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}
