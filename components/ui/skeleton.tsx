import type { CSSProperties } from 'react';

/** A grey bar in the final layout; shown once per view, never over known data. */
export function Skeleton({ width, height, round }: { width?: number | string; height?: number; round?: boolean }) {
  const style: CSSProperties = { width: width ?? '100%', ...(height ? { height } : {}), ...(round ? { borderRadius: '50%' } : {}) };
  return <span className="sk" style={style} aria-hidden="true" />;
}

/** A list before its first answer. */
export const LoadingRows = ({ what }: { what: string }) => (
  <Loading what={what}>
    <div className="card">
      {[1, 2, 3, 4].map((row) => (
        <div key={row} className="p-3">
          <Skeleton height={14} />
        </div>
      ))}
    </div>
  </Loading>
);

/** Wraps skeletons so that a screen reader hears one sentence instead of bars. */
export function Loading({ what, children }: { what: string; children: React.ReactNode }) {
  return (
    <div aria-busy="true">
      <span className="vh" role="status">
        Loading {what}
      </span>
      {children}
    </div>
  );
}
