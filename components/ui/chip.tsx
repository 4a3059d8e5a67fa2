import clsx from 'clsx';
import type { ReactNode } from 'react';
import { Mark, type MarkKind } from './mark.tsx';

export type Tone = 'ok' | 'warn' | 'danger' | 'unknown' | 'accent' | 'neutral';

/** A state or verdict in one word, with its mark. */
export function Chip({
  tone = 'neutral',
  mark,
  children,
  title,
}: {
  tone?: Tone;
  mark?: MarkKind;
  children: ReactNode;
  title?: string | undefined;
}) {
  return (
    <span className={clsx('chip', tone !== 'neutral' && tone)} title={title}>
      {mark ? <Mark kind={mark} /> : null}
      {children}
    </span>
  );
}

/** A label, key or selector term, in mono. */
export function Tag({ children }: { children: ReactNode }) {
  return <span className="tag">{children}</span>;
}
