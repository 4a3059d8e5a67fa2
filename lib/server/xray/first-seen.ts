/** Look that saw it first (epoch ms) → numbers of the sockets and pipes. */
export type FirstSeen = Map<number, number[]>;

export function seenBefore(seen: FirstSeen): (id: number) => number | undefined {
  const firsts = new Map<number, number>();
  for (const [at, ids] of seen) for (const id of ids) firsts.set(id, Math.min(at, firsts.get(id) ?? at));
  return (id) => firsts.get(id);
}

/** One line an instant: the instant, then the numbers in order, each as its difference to the one before, base 36. */
export function writeFirstSeen(seen: FirstSeen): string {
  return [...seen]
    .map(([at, ids]) => {
      let before = 0;
      const steps = [...new Set(ids)]
        .sort((a, b) => a - b)
        .map((id) => {
          const step = (id - before).toString(36);
          before = id;
          return step;
        });
      return `${at}:${steps.join(' ')}`;
    })
    .join('\n');
}

export function readFirstSeen(text: string): FirstSeen {
  const seen: FirstSeen = new Map();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    let id = 0;
    const ids = line
      .slice(colon + 1)
      .split(' ')
      .map((step) => {
        id += Number.parseInt(step, 36);
        return id;
      });
    seen.set(Number(line.slice(0, colon)), ids);
  }
  return seen;
}
