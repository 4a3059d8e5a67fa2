import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { sweep } from './sweep.ts';

const MARKER = '.headroom-demo';
const markerSchema = z.object({ fleetId: z.string().regex(/^[0-9a-f]{16}$/), pid: z.number().int(), birth: z.string() });

/** longest path of a unix socket on Linux, less its final zero */
const LONGEST_SOCKET_PATH = 107;

export class DataDirError extends Error {}

/**
 * Makes the folder the demo's own and empty. A folder that an earlier demo left starts afresh, and what that demo left running ends. A folder
 * with anything else in it is refused: it could be a console's.
 */
export async function claimDataDir(dataDir: string): Promise<{ fleetId: string; socketPath: string }> {
  makeFolder(dataDir);
  const marker = path.join(dataDir, MARKER);
  const earlier = readMarker(marker);
  const entries = fs.readdirSync(dataDir);
  if (earlier === null && entries.length > 0) {
    throw new DataDirError(
      `HEADROOM_DATA_DIR is ${dataDir}, which is not empty and was not made by the demo (it has ${entries.slice(0, 3).join(', ')}): give an empty or a new folder`,
    );
  }
  if (earlier !== null) {
    if (birthOf(earlier.pid) === earlier.birth && earlier.pid !== process.pid)
      throw new DataDirError(
        `a demo runs in ${dataDir} already (process ${earlier.pid}): stop it first, or set HEADROOM_DATA_DIR to another folder`,
      );
    fs.rmSync(path.join(dataDir, 'demo.json'), { force: true });
    await sweep(earlier.fleetId, { politeMs: 0 });
    for (const entry of entries) if (entry !== MARKER) fs.rmSync(path.join(dataDir, entry), { recursive: true, force: true });
  }
  const fleetId = randomBytes(8).toString('hex');
  const mine = { fleetId, pid: process.pid, birth: birthOf(process.pid) ?? '' };
  fs.writeFileSync(`${marker}.new`, JSON.stringify(mine), { mode: 0o600 });
  fs.renameSync(`${marker}.new`, marker);
  const inside = path.join(dataDir, 'demo.sock');
  const socketPath = Buffer.byteLength(inside) <= LONGEST_SOCKET_PATH ? inside : path.join(os.tmpdir(), `headroom-demo-${fleetId}.sock`);
  return { fleetId, socketPath };
}

/** Folder by folder: Node's own recursive mkdir never ends where a parent is there and takes none (/proc). */
function makeFolder(dataDir: string): void {
  const missing: string[] = [];
  for (let at = dataDir; !fs.existsSync(at); at = path.dirname(at)) missing.unshift(at);
  try {
    for (const folder of missing) fs.mkdirSync(folder, { mode: 0o700 });
    fs.readdirSync(dataDir);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new DataDirError(`HEADROOM_DATA_DIR is ${dataDir}, which cannot be a folder of the demo (${why}): give an empty or a new folder`);
  }
}

function readMarker(file: string) {
  try {
    return markerSchema.parse(JSON.parse(fs.readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}

/** start time of a process in clock ticks since boot: with the pid it names one process for good; null when there is none */
export function birthOf(pid: number): string | null {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
