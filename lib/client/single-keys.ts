import { useEffect, useState } from 'react';

const STORED = 'single-keys';

/** Single keys can be turned off, for people who dictate or whose hands are not steady (WCAG 2.1.4); Ctrl K stays. */
export function useSingleKeys(): [on: boolean, set: (on: boolean) => void] {
  const [on, setOn] = useState(true);
  useEffect(() => setOn(singleKeysAct()), []);
  const set = (next: boolean) => {
    setOn(next);
    try {
      localStorage.setItem(STORED, next ? 'on' : 'off');
    } catch {
      // no storage in this browser: the choice holds for this page
    }
  };
  return [on, set];
}

/** Whether a single key (g, j, x, /) may act now. */
export function singleKeysAct(): boolean {
  try {
    return localStorage.getItem(STORED) !== 'off';
  } catch {
    return true;
  }
}
