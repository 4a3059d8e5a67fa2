'use client';
import clsx from 'clsx';
import { Check, Minus } from 'lucide-react';

export function Checkbox({
  label,
  checked,
  onChange,
}: {
  label: string;
  checked: boolean | 'mixed';
  onChange: (checked: boolean) => void;
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a native box cannot be drawn with the tokens in every browser
    <button
      type="button"
      role="checkbox"
      aria-checked={checked}
      aria-label={label}
      className={clsx('cb', checked === 'mixed' ? 'some' : checked && 'on')}
      onClick={() => onChange(checked !== true)}
    >
      {checked === 'mixed' ? <Minus className="i" /> : checked ? <Check className="i" /> : null}
    </button>
  );
}
