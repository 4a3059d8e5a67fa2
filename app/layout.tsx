import type { Metadata, Viewport } from 'next';
import type { ReactNode } from 'react';
import { Providers } from '#components/layout/providers.tsx';
import './globals.css';

export const metadata: Metadata = {
  description: 'File-descriptor headroom of a fleet of SNI proxies: who dies first, why, and what to do.',
};
export const viewport: Viewport = { width: 'device-width', initialScale: 1 };

/** Runs before the first paint, so that a chosen theme never flashes. Backquotes: React escapes the other quotes in a script. */
const CHOSEN_THEME = 'try{let t=localStorage.getItem(`theme`);if(t==`dark`||t==`light`)document.documentElement.dataset.theme=t}catch(e){}';

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en" suppressHydrationWarning>
      <head>
        <script>{CHOSEN_THEME}</script>
      </head>
      <body>
        <Providers>{children}</Providers>
      </body>
    </html>
  );
}
