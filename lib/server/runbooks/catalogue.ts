import { readdirSync, readFileSync } from 'node:fs';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { Runbook, RunbookProblem } from '#shared/runbooks.ts';
import { parseRunbook } from './parse.ts';

export type Runbooks = {
  /** the built-in ones first, then the operators' own by key */
  list(): Runbook[];
  /** fails with runbook.not-found */
  get(key: string): Runbook;
  /** files of the operators' folder that are no runbook, and why */
  problems(): RunbookProblem[];
  /** Reads the operators' own again. */
  refresh(): Promise<void>;
};

/** Where operators keep theirs; `own` in what comes later outweighs what came before, and nothing outweighs a built-in one. */
export type OwnRunbooks = () => Promise<{ runbooks: Runbook[]; problems: RunbookProblem[] }>;

const BUILTIN = new URL('./builtin/', import.meta.url);

/** The runbooks that come with the console, read once (a text that does not parse stops it at its start), and the operators' own. */
export function createRunbooks(options: { directory?: URL; own?: OwnRunbooks } = {}): Runbooks {
  const builtin = readBuiltin(options.directory ?? BUILTIN);
  let byKey: ReadonlyMap<string, Runbook> = builtin;
  let problems: RunbookProblem[] = [];
  return {
    list: () => [...byKey.values()],
    get(key) {
      const runbook = byKey.get(key);
      if (runbook !== undefined) return runbook;
      throw new HeadroomError('runbook.not-found', `There is no runbook "${key.slice(0, 64)}"; there are ${[...byKey.keys()].join(', ')}.`);
    },
    problems: () => problems,
    async refresh() {
      const own = (await options.own?.()) ?? { runbooks: [], problems: [] };
      const clashes = own.runbooks.filter((r) => builtin.has(r.key));
      const sorted = own.runbooks.filter((r) => !builtin.has(r.key)).sort((a, b) => a.key.localeCompare(b.key));
      byKey = new Map([...builtin, ...sorted.map((r) => [r.key, Object.freeze(r)] as const)]);
      problems = [...own.problems, ...clashes.map((r) => ({ file: r.key, message: keyIsBuiltin(r.key) }))];
    },
  };
}

export const keyIsBuiltin = (key: string): string => `the key "${key}" is a built-in runbook's: give this one another`;

function readBuiltin(directory: URL): ReadonlyMap<string, Runbook> {
  const byKey = new Map<string, Runbook>();
  for (const file of readdirSync(directory)
    .filter((f) => f.endsWith('.md'))
    .sort()) {
    const runbook = parseRunbook(readFileSync(new URL(file, directory), 'utf8'), { name: file, builtin: true });
    if (byKey.has(runbook.key)) throw new HeadroomError('runbook.invalid', `${file}: the key "${runbook.key}" is taken by another runbook`);
    byKey.set(runbook.key, Object.freeze(runbook));
  }
  return byKey;
}
