/** Kept in this browser, by user: where the tour stands, or that it was left. */
export type Memory = { at: number | null; run: string | null };
export const NOWHERE: Memory = { at: null, run: null };
const keyOf = (user: string) => `headroom.tour.${user}`;

export function recall(user: string): Memory | null {
  try {
    const { at, run }: Partial<Memory> = JSON.parse(localStorage.getItem(keyOf(user)) ?? 'null') ?? {};
    return at === undefined ? null : { at: typeof at === 'number' ? at : null, run: typeof run === 'string' ? run : null };
  } catch {
    // no storage, or not ours: as if it had never been offered
    return null;
  }
}

export function keep(user: string, memory: Memory): void {
  try {
    localStorage.setItem(keyOf(user), JSON.stringify(memory));
  } catch {
    // it is offered again then
  }
}
