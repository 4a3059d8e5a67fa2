import type { ReactNode } from 'react';
import { Keys } from '#components/layout/palette/jump.tsx';
import { Shell } from '#components/layout/shell.tsx';
import { StepUp } from '#components/settings/step-up.tsx';

export default function ConsoleLayout({ children }: { children: ReactNode }) {
  return (
    <Keys>
      <Shell>{children}</Shell>
      <StepUp />
    </Keys>
  );
}
