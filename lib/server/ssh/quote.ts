/**
 * One argument as a POSIX shell word. Single quotes hold every byte but the quote itself, so nothing inside can act.
 * The one quoting function: every word of every remote command goes through it.
 */
export function quote(word: string): string {
  if (word.includes('\0')) throw new Error('a shell word cannot hold a NUL byte');
  return `'${word.replaceAll("'", "'\\''")}'`;
}

export const quoteAll = (words: readonly string[]): string => words.map(quote).join(' ');
