'use client';
import clsx from 'clsx';
import { type ReactNode, useId } from 'react';

/** Extra words on hover and focus. What decides an action is never only in here. */
export function Tooltip({
  text,
  children,
  side = 'above',
  align,
}: {
  text: ReactNode;
  children: ReactNode;
  side?: 'above' | 'below';
  align?: 'right';
}) {
  const id = useId();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the words must be reachable by keyboard
    <span className={clsx('hint', side === 'below' && 'below', align)} tabIndex={0} aria-describedby={id}>
      {children}
      <span role="tooltip" id={id}>
        {text}
      </span>
    </span>
  );
}
