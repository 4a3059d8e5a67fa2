'use client';
import { Search } from 'lucide-react';
import dynamic from 'next/dynamic';
import { createContext, type ReactNode, useCallback, useContext, useState } from 'react';
import { Kbd } from '#components/ui/kbd.tsx';
import { flipTheme } from '../theme-switch.tsx';
import type { PageAct } from './entries.ts';
import { KEYS } from './key-names.ts';
import { useKeys } from './keys.ts';

// Loaded when they are first asked for: no page pays for them.
const Palette = dynamic(() => import('./palette.tsx').then(({ Palette }) => Palette), { ssr: false });
const KeySheet = dynamic(() => import('./key-sheet.tsx').then(({ KeySheet }) => KeySheet), { ssr: false });

const OpenPalette = createContext<() => void>(() => undefined);

/** The keys that work everywhere, and what they open. Around all pages, so that none is lost while one page gives way to the next. */
export function Keys({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<'palette' | 'keys' | null>(null);
  const openPalette = useCallback(() => setShown('palette'), []);
  const openKeys = useCallback(() => setShown('keys'), []);
  useKeys({ onPalette: openPalette, onSheet: openKeys, onTheme: flipTheme });
  const act = (wanted: PageAct) => (wanted === 'theme' ? flipTheme() : openKeys());
  return (
    <OpenPalette value={openPalette}>
      {children}
      {shown === 'palette' ? <Palette onClose={() => setShown((now) => (now === 'palette' ? null : now))} onAct={act} /> : null}
      {shown === 'keys' ? <KeySheet onClose={() => setShown(null)} /> : null}
    </OpenPalette>
  );
}

/** The way to everything, in every page's header. */
export function Jump() {
  const open = useContext(OpenPalette);
  return (
    <button type="button" className="jump" aria-label="Search, run, jump" aria-keyshortcuts="Control+K Meta+K" onClick={open}>
      <Search className="i s" aria-hidden="true" />
      <span>Search, run, jump…</span>
      <Kbd>{KEYS.palette}</Kbd>
    </button>
  );
}
