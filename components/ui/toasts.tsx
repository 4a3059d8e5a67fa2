'use client';
import { X } from 'lucide-react';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { Button } from './button.tsx';
import { Mark, type MarkKind } from './mark.tsx';

export type Toast = { key: string; mark: MarkKind; title: string; detail: string; href: string };

/**
 * Messages of what happened elsewhere, each with the way there. The region is always there, so that what comes into it is read out, politely.
 * Nothing leaves by itself: somebody who looks a minute later still sees it.
 */
export function Toasts({
  toasts,
  onDismiss,
  children,
}: {
  toasts: readonly Toast[];
  onDismiss: (key: string) => void;
  children?: ReactNode;
}) {
  return (
    <section className="toasts" aria-label="Elsewhere" aria-live="polite" aria-relevant="additions">
      {toasts.map(({ key, mark, title, detail, href }) => (
        <div key={key} className="toast">
          <Mark kind={mark} />
          <div>
            <Link href={href} onClick={() => onDismiss(key)}>
              {title}
            </Link>
            <p>{detail}</p>
          </div>
          <Button look="ghost" icon small aria-label={`Dismiss: ${title}`} onClick={() => onDismiss(key)}>
            <X className="i s" aria-hidden="true" />
          </Button>
        </div>
      ))}
      {children}
    </section>
  );
}
