import { type ReactNode, Suspense } from 'react';
import { preload } from 'react-dom';
import { Keys } from '#components/layout/palette/jump.tsx';
import { Shell } from '#components/layout/shell.tsx';
import { TourLate } from '#components/onboarding/tour-late.tsx';
import { StepUp } from '#components/settings/step-up.tsx';

export default function ConsoleLayout({ children }: { children: ReactNode }) {
  // every page shows the fleet's state: asked for beside the script, not after it
  preload('/api/v1/fleet', { as: 'fetch', crossOrigin: 'anonymous' });
  return (
    <Keys>
      <Shell>{children}</Shell>
      <StepUp />
      <Suspense fallback={null}>
        <TourLate />
      </Suspense>
    </Keys>
  );
}
