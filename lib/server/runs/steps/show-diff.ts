import { diffLines } from '#shared/diff-lines.ts';

const CONTEXT_LINES = 3;

/** As `diff -u` marks lines. */
export function showDiff(before: Buffer, after: Buffer): string {
  const mark = { same: ' ', add: '+', remove: '-' } as const;
  const lines = diffLines(before.toString('utf8'), after.toString('utf8'), CONTEXT_LINES);
  return lines.map((line) => `${mark[line.kind]} ${line.text}`).join('\n');
}
