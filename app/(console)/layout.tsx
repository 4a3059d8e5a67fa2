import type { ReactNode } from 'react';
import { Shell } from '#components/layout/shell.tsx';
import { StepUp } from '#components/settings/step-up.tsx';

export default function ConsoleLayout({ children }: { children: ReactNode }) {
  return (
    <>
      <Shell>{children}</Shell>
      <StepUp />
    </>
  );
}
