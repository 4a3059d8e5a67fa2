import { useSyncExternalStore } from 'react';

const STORED = 'toasts';
const listeners = new Set<() => void>();
let chosen: boolean | null = null;

function areOn(): boolean {
  if (chosen !== null) return chosen;
  try {
    return localStorage.getItem(STORED) !== 'off';
  } catch {
    return true;
  }
}

function choose(on: boolean): void {
  chosen = on;
  try {
    localStorage.setItem(STORED, on ? 'on' : 'off');
  } catch {
    // no storage in this browser: the choice holds until the page is loaded anew
  }
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

/** Messages of what happens elsewhere can be turned off in this browser; the counts beside the entries stay. */
export function useToastsOn(): [on: boolean, set: (on: boolean) => void] {
  return [useSyncExternalStore(subscribe, areOn, () => true), choose];
}
