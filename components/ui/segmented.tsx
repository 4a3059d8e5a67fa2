'use client';

/** A few choices of which one holds: range, form or YAML. */
export function Segmented<T extends string>({
  label,
  options,
  value,
  onChange,
  tall,
}: {
  label: string;
  options: readonly { value: T; label: string }[];
  value: T | null;
  onChange: (value: T) => void;
  tall?: boolean;
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot lie in a row with its buttons
    <div className={tall ? 'seg tall' : 'seg'} role="group" aria-label={label}>
      {options.map((option) => (
        <button key={option.value} type="button" aria-pressed={option.value === value} onClick={() => onChange(option.value)}>
          {option.label}
        </button>
      ))}
    </div>
  );
}
