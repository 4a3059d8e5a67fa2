'use client';
import { CopyButton } from './copy-button.tsx';

/** One command to run by hand, with a prompt that is not copied. */
export function Command({ text }: { text: string }) {
  return (
    <div className="cmd">
      <span>{text}</span>
      <CopyButton text={text} label="Copy command" />
    </div>
  );
}

/** Output, a file or a snippet; scrolls in itself. */
export function CodeBlock({ text, label, copy = true }: { text: string; label: string; copy?: boolean }) {
  return (
    <div className="codeblock">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take focus */}
      <section className="code" tabIndex={0} aria-label={label}>
        {text}
      </section>
      {copy ? <CopyButton text={text} label={`Copy ${label}`} /> : null}
    </div>
  );
}
