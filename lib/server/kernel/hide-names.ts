/** A sentence without the names of nodes that its reader may not see. The longest first: one name may begin another. */
export const hideNames = (text: string, hidden: readonly string[]): string =>
  [...hidden].sort((a, b) => b.length - a.length).reduce((rest, name) => rest.replaceAll(name, 'another node'), text);
