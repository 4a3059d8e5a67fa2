'use client';
import { useRouter } from 'next/navigation';
import { useEffect } from 'react';
import { singleKeysAct } from '#client/single-keys.ts';
import { GOVERN_NAV, MAIN_NAV } from '../nav.ts';
import { KEYS } from './key-names.ts';

/** The second key of `g f` must come this soon. */
const CHORD_MS = 1500;

/** Ctrl K everywhere; single keys where nobody is typing and no dialog is open. */
export function useKeys(acts: { onPalette: () => void; onSheet: () => void; onTheme: () => void }): void {
  const router = useRouter();
  const { onPalette, onSheet, onTheme } = acts;
  useEffect(() => {
    let begun = Number.NEGATIVE_INFINITY;
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        onPalette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isBusy(event.target) || !singleKeysAct()) return;
      const chord = event.timeStamp - begun < CHORD_MS;
      begun = event.key === 'g' && !chord ? event.timeStamp : Number.NEGATIVE_INFINITY;
      const goal = chord ? [...MAIN_NAV, ...GOVERN_NAV].find(({ go }) => go === event.key) : undefined;
      if (goal) router.push(goal.href);
      else if (event.key === KEYS.sheet) onSheet();
      else if (event.key === KEYS.theme && !chord) onTheme();
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [router, onPalette, onSheet, onTheme]);
}

const isBusy = (target: EventTarget | null): boolean =>
  document.querySelector('dialog[open]') !== null ||
  (target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null);
