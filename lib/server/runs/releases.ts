import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { HeadroomError } from '#server/kernel/errors.ts';

export type Releases = { read(sha256: string): Promise<Buffer> };

/** As much as the node's helper takes. */
const MOST_BYTES = 160 * 1024 * 1024;
const MOST_KNOWN = 500;

/**
 * Tarballs that an admin put into a folder of the data directory, by their sha256: no code comes in through the API. A file is hashed once for as long as it
 * is the same file of the same time, and nodes that are upgraded together share its bytes.
 */
export function releasesIn(folder: string, readFile: (file: string) => Promise<Buffer> = (file) => fs.readFile(file)): Releases {
  const hashes = new Map<string, string>();
  const held = new Map<string, WeakRef<Buffer>>();
  /** one file after the other: each may be 160 MiB in memory */
  let reading: Promise<unknown> = Promise.resolve();

  async function read(file: string, identity: string): Promise<Buffer> {
    const there = held.get(identity)?.deref();
    if (there) return there;
    const bytes = await readFile(file);
    if (hashes.size >= MOST_KNOWN) hashes.clear();
    // it may have been written to since it was looked at: what counts is what was read
    hashes.set(identity, createHash('sha256').update(bytes).digest('hex'));
    held.clear();
    held.set(identity, new WeakRef(bytes));
    return bytes;
  }

  async function find(sha256: string): Promise<Buffer> {
    const names = await fs.readdir(folder).catch(() => []);
    for (const name of names.filter((one) => one.endsWith('.tar.gz')).sort()) {
      const file = path.join(folder, name);
      const { size, ino, mtimeNs, ctimeNs } = await fs.stat(file, { bigint: true });
      if (size > MOST_BYTES) continue;
      const identity = [name, ino, size, mtimeNs, ctimeNs].join(' ');
      const known = hashes.get(identity);
      if (known !== undefined && known !== sha256) continue;
      const bytes = await read(file, identity);
      if (hashes.get(identity) === sha256) return bytes;
    }
    throw new HeadroomError(
      'request.invalid',
      `No release with the sha256 ${sha256} is in ${folder}: an admin puts the tarball there (npm run release-proxy makes one).`,
    );
  }

  return {
    read(sha256) {
      const found = reading.then(() => find(sha256));
      reading = found.catch(() => undefined);
      return found;
    },
  };
}
