/** A piece of the text that a word of the query named: [from, to). */
export type Found = readonly [from: number, to: number];

/**
 * How well a text answers a query: every word of the query must stand in it, in any order and any case. The beginning of the text counts more than
 * the beginning of a word, and that more than the middle of one. null when a word is missing.
 */
export function rank(text: string, query: string): { score: number; hits: readonly Found[] } | null {
  const low = text.toLowerCase();
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const hits: Found[] = [];
  let score = 0;
  for (const word of words) {
    // edge-03 means edge-fra-03 too, where nothing is called so outright
    const pieces = low.includes(word) ? [word] : word.split(/[-_.:/]+/).filter(Boolean);
    for (const piece of pieces) {
      const at = best(low, piece);
      if (at === null) return null;
      hits.push([at, at + piece.length]);
      score += (at === 0 ? 4 : beginsWord(low, at) ? 3 : 1) / pieces.length;
      // of two texts that hold the word, the shorter one is more about it
      score += piece.length / (low.length + 1);
    }
  }
  return { score, hits: hits.sort(([a], [b]) => a - b) };
}

/** Where the word stands best; null when it does not. */
function best(text: string, word: string): number | null {
  let at = text.indexOf(word);
  if (at < 0) return null;
  const first = at;
  for (; at >= 0; at = text.indexOf(word, at + 1)) if (beginsWord(text, at)) return at;
  return first;
}

const beginsWord = (text: string, at: number): boolean => at === 0 || /[^a-z0-9]/.test(text.charAt(at - 1));
