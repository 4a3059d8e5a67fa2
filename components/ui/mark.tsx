/** One colour, one shape, one word: the glyphs of states and verdicts. Never a colour without its shape. */
export const MARKS = ['ok', 'warn', 'danger', 'unknown', 'blind', 'down', 'run', 'wait', 'skip', 'drift'] as const;
export type MarkKind = (typeof MARKS)[number];

const SHAPES: Record<MarkKind, React.ReactNode> = {
  ok: <circle cx="6" cy="6" r="3.6" fill="var(--ok-line)" />,
  warn: <path d="M6 1.4 11.3 10.6H.7Z" fill="var(--warn-line)" />,
  danger: (
    <>
      <path d="M3.8.8h4.4l3 3v4.4l-3 3H3.8l-3-3V3.8Z" fill="var(--danger-line)" />
      <path d="m4.3 4.3 3.4 3.4m0-3.4L4.3 7.7" stroke="var(--surface)" strokeWidth="1.3" strokeLinecap="round" />
    </>
  ),
  unknown: <circle cx="6" cy="6" r="4.4" fill="none" stroke="var(--unknown-line)" strokeWidth="1.6" strokeDasharray="2.3 1.6" />,
  blind: (
    <>
      <circle cx="6" cy="6" r="4.4" fill="none" stroke="var(--unknown-line)" strokeWidth="1.5" />
      <path d="M6 1.6a4.4 4.4 0 0 0 0 8.8Z" fill="var(--unknown-line)" />
    </>
  ),
  down: (
    <>
      <rect x="1.5" y="1.5" width="9" height="9" rx="1.5" fill="none" stroke="var(--danger-line)" strokeWidth="1.5" />
      <path d="m4.2 4.2 3.6 3.6m0-3.6L4.2 7.8" stroke="var(--danger-line)" strokeWidth="1.5" strokeLinecap="round" />
    </>
  ),
  run: (
    <>
      <circle cx="6" cy="6" r="4.4" fill="none" stroke="var(--line-2)" strokeWidth="1.8" />
      <path
        className="spin"
        d="M6 1.6A4.4 4.4 0 0 1 10.4 6"
        fill="none"
        stroke="var(--accent-line)"
        strokeWidth="1.8"
        strokeLinecap="round"
      />
    </>
  ),
  wait: <circle cx="6" cy="6" r="3.8" fill="none" stroke="var(--line-control)" strokeWidth="1.3" />,
  skip: <path d="M2.5 6h7" stroke="var(--line-control)" strokeWidth="1.6" strokeLinecap="round" />,
  drift: <path d="M2 4h8M2 8h8M8 1.8 4 10.2" stroke="var(--warn-line)" strokeWidth="1.5" strokeLinecap="round" />,
};

/** Beside its word leave `label` out; alone it needs one. */
export function Mark({ kind, label }: { kind: MarkKind; label?: string }) {
  if (!label)
    return (
      <svg className="mk" viewBox="0 0 12 12" aria-hidden="true">
        {SHAPES[kind]}
      </svg>
    );
  return (
    <svg className="mk" viewBox="0 0 12 12" role="img" aria-label={label}>
      <title>{label}</title>
      {SHAPES[kind]}
    </svg>
  );
}
