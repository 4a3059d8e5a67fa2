import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { HeadroomError } from '#server/kernel/errors.ts';

export type Releases = { read(sha256: string): Promise<Buffer> };

/** As much as the node's helper takes. */
const MOST_BYTES = 160 * 1024 * 1024;

/** Tarballs that an admin put into a folder of the data directory, by their sha256: no code comes in through the API. */
export const releasesIn = (folder: string): Releases => ({
  async read(sha256) {
    const names = await fs.readdir(folder).catch(() => []);
    for (const name of names.filter((one) => one.endsWith('.tar.gz')).sort()) {
      const file = path.join(folder, name);
      if ((await fs.stat(file)).size > MOST_BYTES) continue;
      const bytes = await fs.readFile(file);
      if (createHash('sha256').update(bytes).digest('hex') === sha256) return bytes;
    }
    throw new HeadroomError(
      'request.invalid',
      `No release with the sha256 ${sha256} is in ${folder}: an admin puts the tarball there (node scripts/release-proxy.ts makes one).`,
    );
  },
});
