'use client';
import { type ReactNode, useSyncExternalStore } from 'react';

const never = () => () => undefined;

/**
 * What a page made for this request shows only in the browser. A part below a Suspense boundary is hydrated late: by then the page around it has
 * fetched, and data where the server had drawn a skeleton would be a mismatch that throws the whole part away.
 */
export function Hydrated({ children }: { children: ReactNode }): ReactNode {
  const inBrowser = useSyncExternalStore(
    never,
    () => true,
    () => false,
  );
  return inBrowser ? children : null;
}
