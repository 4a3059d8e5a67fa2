'use client';
import { ErrorState } from './error-state.tsx';
import { Skeleton } from './skeleton.tsx';

/** In a card whose rows are not there yet, or could not be had. */
export function RowsToCome({ error, onRetry, height = 64 }: { error: unknown; onRetry: () => void; height?: number }) {
  if (error) return <ErrorState error={error} onRetry={onRetry} />;
  return (
    <div className="p-4">
      <Skeleton height={height} />
    </div>
  );
}
