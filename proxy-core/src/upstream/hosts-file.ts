import fs from 'node:fs';
import { isIp } from '../contract/addresses.ts';

const FILE = '/etc/hosts';
/** The file is looked at again after so long. */
const LOOK_MS = 5000;
const MAX_BYTES = 1 << 20;

/** Names of /etc/hosts (hosts(5)), lower case, with their addresses in the order of the file. */
export function parseHostsFile(text: string): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...rest] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (!isIp(address)) continue;
    for (const name of rest) {
      const key = name.toLowerCase().replace(/\.$/, '');
      const known = names.get(key);
      if (known === undefined) names.set(key, [address]);
      else if (!known.includes(address)) known.push(address);
    }
  }
  return names;
}

/** Reads the file again when it has changed. Without one, no name is in it. */
export function createHostsFile(file = FILE, now: () => number = () => performance.now()): (name: string) => readonly string[] | null {
  let names = new Map<string, string[]>();
  let [lookedAt, changedAt] = [Number.NEGATIVE_INFINITY, -1];
  return (name) => {
    if (now() - lookedAt >= LOOK_MS) {
      lookedAt = now();
      try {
        const stat = fs.statSync(file);
        if (stat.mtimeMs !== changedAt && stat.size <= MAX_BYTES) {
          changedAt = stat.mtimeMs;
          names = parseHostsFile(fs.readFileSync(file, 'utf8'));
        }
      } catch {
        // what was read before stays: at the limit of open files it cannot be read
      }
    }
    return names.get(name) ?? null;
  };
}
