const SPAN_MS = 60_000;
/** Refusals of one actor that are noted in a minute: the record is for good, and who is refused must not fill the disk with it. */
const MOST = 300;
const MOST_ACTORS = 2000;

type Entry = { actor: { kind: string; id: string }; at: number; after?: unknown };
type Counted = { since: number; count: number; seq: number };

/** Notes the refusals of each actor, up to so many in a minute; the last one says that more may have been. Gives the row that stands for it. */
export function limitRefusals<E extends Entry>(note: (entry: E) => Promise<{ seq: number }>): (entry: E) => Promise<{ seq: number }> {
  const actors = new Map<string, Counted>();
  return async (entry) => {
    const key = `${entry.actor.kind}:${entry.actor.id}`;
    const before = actors.get(key);
    const goesOn = before !== undefined && entry.at >= before.since && entry.at - before.since < SPAN_MS;
    const counted = goesOn ? before : { since: entry.at, count: 0, seq: 0 };
    if (!goesOn && actors.size >= MOST_ACTORS) actors.clear();
    actors.set(key, counted);
    counted.count++;
    if (counted.count > MOST) return { seq: counted.seq };
    const noted = await note(
      counted.count < MOST ? entry : { ...entry, after: { more: `further refusals within ${SPAN_MS / 1000} s are not noted` } },
    );
    counted.seq = noted.seq;
    return noted;
  };
}
