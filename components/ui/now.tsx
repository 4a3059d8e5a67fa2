'use client';
import { useSyncExternalStore } from 'react';
import { formatAgo, formatDuration, formatInstant } from '#shared/units/time.ts';

/**
 * One ticking clock for the page, corrected to the console's: a browser whose clock is off by minutes must not call fresh data stale.
 * Only components that show an age re-render with it.
 */
const listeners = new Set<() => void>();
let offsetMs = 0;
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

const tick = () => {
  now = Date.now() + offsetMs;
  for (const listener of listeners) listener();
};
const subscribe = (listener: () => void) => {
  listeners.add(listener);
  timer ??= setInterval(tick, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
};

/** Called with the console's own time of an answer just received. Network delay stays below the tolerance. */
export function syncClock(consoleNowMs: number): void {
  const next = consoleNowMs - Date.now();
  if (Math.abs(next - offsetMs) > 3000) offsetMs = Math.abs(next) > 3000 ? next : 0;
  now = Date.now() + offsetMs;
}

export const consoleNow = (): number => Date.now() + offsetMs;

/** In the server, whose clock does not tick here, and while its page is taken over. */
const atFirst = (): number => Math.floor(consoleNow() / 1000) * 1000;

/** Epoch ms by the console's clock, once a second. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => now, atFirst);

/** "2 h 40 min ago", the UTC instant on hover. */
export function Ago({ at }: { at: string }) {
  const seconds = (useNow() - Date.parse(at)) / 1000;
  return (
    <time dateTime={at} title={formatInstant(Date.parse(at))} suppressHydrationWarning>
      {formatAgo(seconds)}
    </time>
  );
}

/** Age without "ago": "2 h 40", for dense cells. */
export function Age({ since }: { since: string }) {
  const seconds = (useNow() - Date.parse(since)) / 1000;
  return (
    <time dateTime={since} title={`since ${formatInstant(Date.parse(since))}`} suppressHydrationWarning>
      {formatDuration(seconds)}
    </time>
  );
}
