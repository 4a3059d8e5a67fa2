import { useSearchParams } from 'next/navigation';
import { useCallback } from 'react';

/** One part of the view in the URL's query, so that what one person sees another can open. null takes it out. No history entry: Back leaves the page. */
export function useUrlState(key: string): [value: string | null, set: (value: string | null) => void] {
  const value = useSearchParams().get(key);
  const set = useCallback(
    (next: string | null) => {
      const url = new URL(window.location.href);
      if (next === null || next === '') url.searchParams.delete(key);
      else url.searchParams.set(key, next);
      window.history.replaceState(null, '', url);
    },
    [key],
  );
  return [value, set];
}

/** The same for a closed list; anything else in the URL is the default, and the default is not written. */
export function useUrlChoice<T extends string>(key: string, choices: readonly T[], otherwise: T): [T, (value: T) => void] {
  const [text, setText] = useUrlState(key);
  const value = choices.find((choice) => choice === text) ?? otherwise;
  const set = useCallback((next: T) => setText(next === otherwise ? null : next), [setText, otherwise]);
  return [value, set];
}
