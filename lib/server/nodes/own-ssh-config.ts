import { constants } from 'node:fs';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { OwnSshConfig } from '#shared/node-import.ts';

/** Far above any ssh_config that people write. */
const MOST_BYTES = 512 * 1024;
/** What says how a host is reached. Everything else, commands and paths of keys among it, stays where it is. */
const KEPT = /^\s*(?:host|match|hostname|port|user|proxyjump)\b/i;

/**
 * ~/.ssh/config of the account that the console runs as, of which the lines are handed out that say how a host is reached; the others are empty, so that
 * line numbers hold. `Include` is not followed. `exists: false` when there is none. Throws request.invalid when it is no plain file or too large.
 */
export async function readOwnSshConfig(home: string = os.homedir()): Promise<OwnSshConfig> {
  const file = path.join(home, '.ssh', 'config');
  const nothing = { file, exists: false, text: '', hosts: 0, leftOut: 0 };
  // a FIFO in its place would hold a thread for ever
  const handle = await fs.open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw new HeadroomError(
      'request.invalid',
      `${file} cannot be read by the console (${error.code ?? error.message}): let its account read it.`,
    );
  });
  if (handle === null) return nothing;
  try {
    const about = await handle.stat();
    if (!about.isFile()) throw new HeadroomError('request.invalid', `${file} is no plain file: paste the hosts instead.`);
    if (about.size > MOST_BYTES)
      throw new HeadroomError(
        'request.invalid',
        `${file} has ${about.size} bytes, more than ${MOST_BYTES}: paste the part with the hosts instead.`,
      );
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MOST_BYTES), 0, MOST_BYTES, 0);
    const lines = buffer
      .subarray(0, bytesRead)
      .toString('utf8')
      .split(/\r\n|\n|\r/);
    const kept = lines.map((line) => (KEPT.test(line) ? line : ''));
    const leftOut = lines.filter((line, i) => line.trim() !== '' && !/^\s*#/.test(line) && kept[i] === '').length;
    const hosts = kept.filter((line) => /^\s*host\b/i.test(line)).length;
    return { file, exists: true, text: kept.join('\n'), hosts, leftOut };
  } finally {
    await handle.close();
  }
}
