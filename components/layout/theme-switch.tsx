'use client';
import { Moon, Sun } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import { Button } from '#components/ui/button.tsx';

const DARK = '(prefers-color-scheme: dark)';

const isDark = (): boolean => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === 'dark' : matchMedia(DARK).matches;
};

const subscribe = (listener: () => void) => {
  const media = matchMedia(DARK);
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  media.addEventListener('change', listener);
  return () => {
    observer.disconnect();
    media.removeEventListener('change', listener);
  };
};

export function flipTheme(): void {
  const next = isDark() ? 'light' : 'dark';
  document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem('theme', next);
  } catch {
    // no storage in this browser: the choice holds for this page
  }
}

/** Follows the system until a theme is chosen here. */
export function ThemeSwitch() {
  const dark = useSyncExternalStore(subscribe, isDark, () => false);
  const Icon = dark ? Sun : Moon;
  return (
    <Button look="ghost" icon small aria-label={`Switch to the ${dark ? 'light' : 'dark'} theme`} onClick={flipTheme}>
      <Icon className="i" aria-hidden="true" />
    </Button>
  );
}
