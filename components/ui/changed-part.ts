/** The part of `text` that `other` has not, widened to whole words so that "true" against "false" is one word. */
export function changedPart(text: string, other: string): { from: number; to: number } {
  let from = 0;
  while (from < text.length && from < other.length && text[from] === other[from]) from += 1;
  let [end, otherEnd] = [text.length, other.length];
  while (end > from && otherEnd > from && text[end - 1] === other[otherEnd - 1]) [end, otherEnd] = [end - 1, otherEnd - 1];
  if (end === from) return { from, to: from };
  while (from > 0 && /\w/.test(text[from - 1] ?? '')) from -= 1;
  while (end < text.length && /\w/.test(text[end] ?? '')) end += 1;
  return { from, to: end };
}
