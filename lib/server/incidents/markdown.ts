/** Text of a node or a person stays text: it becomes neither a heading nor a link nor HTML. */
export const inline = (text: string): string => text.replace(/\s+/g, ' ').replace(/[\\`*_[\]<>#|]/g, '\\$&');

/** A block that nothing in it can end (CommonMark 0.31 section 4.5: a closing fence is at least as long as the opening one). */
export function fenced(kind: string, text: string): string[] {
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}${kind}`, text.replace(/\n+$/, ''), fence];
}
