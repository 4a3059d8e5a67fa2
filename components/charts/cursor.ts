import { useSyncExternalStore } from 'react';

/** The crosshair's time (epoch seconds), shared by all charts of a page; null when nobody points. */
export type Cursor = { get(): number | null; set(time: number | null): void; subscribe(listener: () => void): () => void; key: string };

export function createCursor(key: string): Cursor {
  const listeners = new Set<() => void>();
  let time: number | null = null;
  return {
    key,
    get: () => time,
    set(next) {
      if (next === time) return;
      time = next;
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export const useCursor = (cursor: Cursor): number | null => useSyncExternalStore(cursor.subscribe, cursor.get, () => null);
