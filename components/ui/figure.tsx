import type { ReactNode } from 'react';

/** A value with its unit small and muted: 52,386 fds. */
export function Figure({ value, unit }: { value: ReactNode; unit: string }) {
  return (
    <span className="nw">
      <span className="t1">{value}</span> <span className="u">{unit}</span>
    </span>
  );
}
