import fs from 'node:fs/promises';
import { type Db, newerThanKnown } from './db/index.ts';

/** Less than this is full: a migration, a backup or an hour of samples would not fit. */
const LEAST_FREE_BYTES = 64 * 1024 * 1024;
const ANSWER_WITHIN_MS = 2000;

type Statfs = (path: string) => Promise<{ bavail: number; bsize: number }>;
export type Readiness = { ready: boolean; checks: Record<'database' | 'disk' | 'workers' | 'process', string> };

/** Whether this console can do its work, and why not, in words that anybody may read: no path, no address, no error of a driver. */
export async function readReadiness(deps: {
  db: Db;
  dataDir: string;
  /** how many processes read nodes and run runs */
  workers: () => number;
  stopping: () => boolean;
  statfs?: Statfs;
}): Promise<Readiness> {
  const checks = {
    database: await inTime(askDatabase(deps.db), 'it does not answer'),
    disk: await inTime(askDisk(deps.dataDir, deps.statfs ?? fs.statfs), 'it cannot be asked'),
    workers: deps.workers() > 0 ? 'ok' : 'none is alive: nodes are not read, runs do not go on',
    process: deps.stopping() ? 'it is stopping' : 'ok',
  };
  return { ready: Object.values(checks).every((words) => words === 'ok'), checks };
}

/** A console starts with every migration made; a newer one that came since may have changed what this one expects. */
async function askDatabase(db: Db): Promise<string> {
  const rows = await db.selectFrom('migrations').select('name').execute();
  const newer = newerThanKnown(rows.map(({ name }) => name));
  return newer.length === 0 ? 'ok' : `a newer Headroom changed it (${newer.join(', ')}): start that version here, too`;
}

async function askDisk(dataDir: string, statfs: Statfs): Promise<string> {
  const { bavail, bsize } = await statfs(dataDir);
  const free = bavail * bsize;
  return free >= LEAST_FREE_BYTES
    ? 'ok'
    : `${Math.floor(free / 2 ** 20)} MiB are free where the data is: ${LEAST_FREE_BYTES / 2 ** 20} are needed`;
}

async function inTime(work: Promise<string>, otherwise: string): Promise<string> {
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(() => late.resolve(otherwise), ANSWER_WITHIN_MS);
  try {
    return await Promise.race([work.catch(() => otherwise), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
