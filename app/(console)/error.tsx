'use client';
import { Page } from '#components/layout/page.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';

/** A page that broke: navigation stays, and so do runs. */
export default function ConsoleError({ error, reset }: { error: Error; reset: () => void }) {
  return (
    <Page crumbs={[{ label: 'This page failed' }]}>
      <ErrorState error={error} onRetry={reset} />
    </Page>
  );
}
