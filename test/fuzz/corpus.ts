import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

export const CORPUS = path.join(import.meta.dirname, 'corpus');

/** Saved inputs of a target, in the order of their names. */
export function loadCorpus(target: string): Buffer[] {
  const dir = path.join(CORPUS, target);
  if (!fs.existsSync(dir)) return [];
  return fs
    .readdirSync(dir)
    .sort()
    .map((file) => fs.readFileSync(path.join(dir, file)));
}

/** Puts these inputs in the place of those that were saved. A file is named by its content. */
export function saveCorpus(target: string, inputs: readonly Buffer[]): void {
  const dir = path.join(CORPUS, target);
  fs.rmSync(dir, { recursive: true, force: true });
  fs.mkdirSync(dir, { recursive: true });
  for (const input of inputs)
    fs.writeFileSync(path.join(dir, `${createHash('sha256').update(input).digest('hex').slice(0, 16)}.bin`), input);
}
