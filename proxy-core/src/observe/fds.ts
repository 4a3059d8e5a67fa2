import fs from 'node:fs';

/** Open file descriptors of this process. Since Linux 6.2 stat() of the folder tells without needing a descriptor, so it works at the limit. */
export function countOpenFds(): number | null {
  try {
    const { size } = fs.statSync('/proc/self/fd');
    if (size > 0) return size;
    // The listing itself holds one.
    return fs.readdirSync('/proc/self/fd').length - 1;
  } catch {
    return null;
  }
}

/** Soft limit of open files as it is now (prlimit can change it in a running process); null when it cannot be read. */
export function readFdLimit(): number | null {
  try {
    return parseFdLimit(fs.readFileSync('/proc/self/limits', 'latin1'));
  } catch {
    return null;
  }
}

export function parseFdLimit(limits: string): number | null {
  const match = /^Max open files\s+(\d+|unlimited)\s/m.exec(limits);
  if (!match) return null;
  return match[1] === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(match[1]);
}
