type Named = { name: string };

const collator = new Intl.Collator('en', { numeric: true });
let places: ReadonlyMap<string, number> = new Map();

/** By name, numbers as numbers. Names are collated once for a set of nodes, not at every comparison: a thousand live nodes are sorted twice a second. */
export function nameOrder(nodes: readonly Named[]): (a: Named, b: Named) => number {
  if (!nodes.every(({ name }) => places.has(name)))
    places = new Map([...new Set(nodes.map(({ name }) => name))].sort(collator.compare).map((name, place) => [name, place]));
  const known = places;
  return (a, b) => (known.get(a.name) ?? 0) - (known.get(b.name) ?? 0);
}
