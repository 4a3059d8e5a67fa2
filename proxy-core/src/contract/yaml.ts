import { type Document, isAlias, isMap, isScalar, visit } from 'yaml';

/**
 * How many aliases there are, and the offset of the first key that its map has already. Linear: the parser's own search for such keys
 * compares each with all before it, and a file of a MiB would stop a reload for minutes. Documents are to be parsed with `uniqueKeys:
 * false`.
 */
export function surveyYaml(document: Document.Parsed): { aliases: number; twice: number | null } {
  let aliases = 0;
  let twice: number | null = null;
  visit(document, {
    Node: (_, node) => {
      if (isAlias(node)) aliases += 1;
      if (!isMap(node)) return;
      const seen = new Set<unknown>();
      for (const { key } of node.items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) twice ??= key.range?.[0] ?? 0;
        seen.add(key.value);
      }
    },
  });
  return { aliases, twice };
}
