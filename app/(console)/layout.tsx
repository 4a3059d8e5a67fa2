import { type ReactNode, Suspense } from 'react';
import { Keys } from '#components/layout/palette/jump.tsx';
import { Shell } from '#components/layout/shell.tsx';
import { TourLate } from '#components/onboarding/tour-late.tsx';
import { StepUp } from '#components/settings/step-up.tsx';

export default function ConsoleLayout({ children }: { children: ReactNode }) {
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
