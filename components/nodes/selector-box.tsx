'use client';
import { Filter, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { singleKeysAct } from '#client/single-keys.ts';
import { formatCount } from '#shared/units/count.ts';

/** The selector of the whole page; in the URL as q. "/" brings the focus here. */
export function SelectorBox({
  value,
  onChange,
  matching,
  total,
  problem,
  labels,
}: {
  value: string;
  onChange: (value: string) => void;
  matching: number;
  total: number;
  problem: string | null;
  /** of some node, for an example that is true in this fleet */
  labels: Record<string, string>;
}) {
  const input = useRef<HTMLInputElement>(null);
  // The URL follows in a transition and is behind while one types: it is taken over only when nobody is typing here.
  const [draft, setDraft] = useState(value);
  useEffect(() => {
    if (document.activeElement !== input.current) setDraft(value);
  }, [value]);
  const change = (next: string) => {
    setDraft(next);
    onChange(next);
  };
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && event.target.closest('input, textarea, select, [contenteditable]');
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || !singleKeysAct()) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener('keydown', focus);
    return () => removeEventListener('keydown', focus);
  }, []);
  const example = Object.entries(labels)
    .slice(0, 1)
    .map(([key, label]) => `${key}=${label}`);
  return (
    <search className="selector-box">
      <div className={problem ? 'input selector bad' : 'input selector'}>
        <Filter className="i s" aria-hidden="true" />
        <input
          ref={input}
          className="mono"
          type="text"
          aria-label="Selector"
          aria-invalid={problem ? true : undefined}
          aria-describedby={problem ? 'selector-problem' : undefined}
          placeholder={[...example, 'leak=leaking name~*-0?'].join(' ')}
          spellCheck={false}
          autoComplete="off"
          value={draft}
          onChange={(event) => change(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Escape') change('');
          }}
        />
        {draft ? (
          <button type="button" className="clear" aria-label="Clear the selector" onClick={() => change('')}>
            <X className="i xs" aria-hidden="true" />
          </button>
        ) : null}
        <span className="count opt nw" role="status">
          {formatCount(matching)} of {formatCount(total)}
        </span>
      </div>
      {problem ? (
        <p className="field-err" id="selector-problem">
          {problem}. All nodes are shown.
        </p>
      ) : null}
    </search>
  );
}
