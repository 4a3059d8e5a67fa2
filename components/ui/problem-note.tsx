'use client';
import { Callout } from './callout.tsx';
import { asProblem } from './error-state.tsx';

/** Why an act was not done, beside the button that asked for it; announced. Nothing while there is no error. */
export function ProblemNote({ error }: { error: unknown }) {
  if (!error) return null;
  return (
    <Callout tone="danger" live>
      {asProblem(error).detail}
    </Callout>
  );
}
