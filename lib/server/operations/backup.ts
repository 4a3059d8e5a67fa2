import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { inspectSqlite, snapshotSqlite } from '#server/db/index.ts';
import { type Config, ConfigError } from '#server/kernel/config.ts';
import { readFacts } from './facts.ts';
import { isBackupName, MANIFEST, type Manifest } from './manifest.ts';
import { type TarSource, tarOf } from './tar.ts';

export type BackupDone = { file: string; bytes: number; manifest: Manifest };

/**
 * One archive (tar, gzip) of the data directory as it is at one instant, while a console may go on writing: the database, the operators' runbooks, and the
 * samples when asked. It appears under its name when it is whole and on disk. The key is not in it.
 */
export async function backup(options: { config: Config; file: string; metrics: boolean; version: string }): Promise<BackupDone> {
  const { config, file, version } = options;
  if (config.databaseUrl !== null) throw new ConfigError(POSTGRES_BACKUP);
  const database = path.join(config.dataDir, 'headroom.db');
  if (!fs.existsSync(database))
    throw new ConfigError(`HEADROOM_DATA_DIR is ${JSON.stringify(config.dataDir)}: there is no headroom.db in it to back up`);
  if (fs.existsSync(file)) throw new ConfigError(`${file} is there already: a backup overwrites nothing; name another file`);
  const folder = fs.mkdtempSync(`${path.resolve(file)}.partial-`);
  try {
    const sources = collect(config.dataDir, folder, options.metrics);
    const checked = inspectSqlite(path.join(folder, 'headroom.db'));
    if (checked.problem !== null)
      throw new ConfigError(`${database} is damaged: ${checked.problem}; it is not backed up, repair or restore it`);
    if (checked.newer.length > 0)
      throw new ConfigError(
        `${database} was written by a newer Headroom (it has ${checked.newer.join(', ')}): back it up with that version`,
      );
    const { keyId, auditHead } = readFacts(path.join(folder, 'headroom.db'));
    const files = [];
    for (const source of sources) files.push({ name: source.name, size: source.size, sha256: await sha256Of(source.file) });
    const createdAt = new Date();
    const manifest: Manifest = {
      ...{
        format: 1,
        product: 'headroom',
        version,
        createdAt: createdAt.toISOString(),
        schema: checked.migrations,
        keyId,
        auditHead,
        files,
      },
    };
    const all: TarSource[] = [{ name: MANIFEST, bytes: Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`) }, ...sources];
    const whole = path.join(folder, 'archive');
    await pipeline(
      tarOf(all, createdAt.getTime() / 1000),
      createGzip(),
      fs.createWriteStream(whole, { flags: 'wx', mode: 0o600, flush: true }),
    );
    // link, not rename: it fails when the name was taken meanwhile
    fs.linkSync(whole, file);
    return { file, bytes: fs.statSync(file).size, manifest };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

export const POSTGRES_BACKUP = `HEADROOM_DATABASE_URL is set: the console's data is in PostgreSQL, and PostgreSQL's own tools back it up while it is in use:
  pg_dump --format=custom --file=headroom.dump "$HEADROOM_DATABASE_URL"
  pg_restore --no-owner --dbname="$HEADROOM_DATABASE_URL" headroom.dump     (into an empty database, all consoles stopped)
Secrets in the dump stay sealed: keep HEADROOM_SECRET elsewhere, and give the same one to the console that reads it.`;

function collect(dataDir: string, folder: string, metrics: boolean): { name: string; size: number; file: string }[] {
  const sources: { name: string; size: number; file: string }[] = [];
  const add = (name: string, file: string) => sources.push({ name, size: fs.statSync(file).size, file });
  for (const name of ['headroom.db', ...(metrics ? ['metrics.db'] : [])]) {
    if (!fs.existsSync(path.join(dataDir, name))) continue;
    snapshotSqlite(path.join(dataDir, name), path.join(folder, name));
    add(name, path.join(folder, name));
  }
  const copy = (name: string) => {
    const from = path.join(dataDir, name);
    if (!isBackupName(name) || !fs.existsSync(from) || !fs.lstatSync(from).isFile()) return;
    // a copy: what is hashed is what is archived, whatever an editor does meanwhile
    const to = path.join(folder, name.replaceAll('/', '%'));
    fs.copyFileSync(from, to);
    add(name, to);
  };
  copy('ssh-certificate.pub');
  const runbooks = path.join(dataDir, 'runbooks');
  if (fs.existsSync(runbooks)) for (const name of fs.readdirSync(runbooks).sort()) copy(`runbooks/${name}`);
  return sources;
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of fs.createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}
