'use client';
import type { ReactNode } from 'react';
import { CopyButton } from './copy-button.tsx';
import { Mark, type MarkKind } from './mark.tsx';

/** What was measured, by which command, with which result; opens the raw output. Every figure on screen leads to one. */
export function Receipt({
  mark,
  title,
  command,
  value,
  threshold,
  sha256,
  raw,
  meta,
}: {
  mark: MarkKind;
  title: string;
  command: string | null;
  value: ReactNode;
  threshold?: ReactNode;
  sha256: string;
  raw: string;
  /** when, exit code, duration */
  meta?: ReactNode;
}) {
  return (
    <details className="receipt-row">
      <summary className="receipt">
        <Mark kind={mark} />
        <span className="what">{title}</span>
        <span className="val">
          {value}
          {threshold ? <span className="u"> {threshold}</span> : null}
        </span>
        <span />
        <span className="src" title={command ?? undefined}>
          {command ?? 'no command: read from the store'}
        </span>
        <span className="hash" title={`sha256 of the raw output: ${sha256}`}>
          {sha256.slice(0, 8)}
        </span>
      </summary>
      <div className="row wrap sm t3 px-4 pb-2">
        {meta}
        <CopyButton text={raw} label="Copy raw output" />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take focus */}
      <section className="raw" tabIndex={0} aria-label={`Raw output: ${title}`}>
        {raw === '' ? '(no output)' : raw}
      </section>
    </details>
  );
}
