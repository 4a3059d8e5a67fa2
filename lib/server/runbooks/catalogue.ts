import { readdirSync, readFileSync } from 'node:fs';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { Runbook } from '#shared/runbooks.ts';
import { parseRunbook } from './parse.ts';

export type Runbooks = {
  list(): Runbook[];
  /** fails with runbook.not-found */
  get(key: string): Runbook;
};

const BUILTIN = new URL('./builtin/', import.meta.url);

/** The runbooks that come with the console. Read once: a text that does not parse stops the console at its start. */
export function createRunbooks(options: { directory?: URL } = {}): Runbooks {
  const directory = options.directory ?? BUILTIN;
  const byKey = new Map<string, Runbook>();
  for (const file of readdirSync(directory)
    .filter((f) => f.endsWith('.md'))
    .sort()) {
    const runbook = parseRunbook(readFileSync(new URL(file, directory), 'utf8'), { name: file, builtin: true });
    if (byKey.has(runbook.key)) throw new HeadroomError('runbook.invalid', `${file}: the key "${runbook.key}" is taken by another runbook`);
    byKey.set(runbook.key, Object.freeze(runbook));
  }
  return {
    list: () => [...byKey.values()],
    get(key) {
      const runbook = byKey.get(key);
      if (runbook !== undefined) return runbook;
      throw new HeadroomError('runbook.not-found', `There is no runbook "${key.slice(0, 64)}"; there are ${[...byKey.keys()].join(', ')}.`);
    },
  };
}
