import type { RunInput } from './runs.ts';

type OnFail = NonNullable<NonNullable<RunInput['strategy']>['onFail']>;

/** What a rollout does when a node of it fails, as a person chooses it and reads it again. */
export const ON_FAIL_WORDS: Record<OnFail, string> = {
  pause: 'pause and ask',
  abort: 'abort: put back what is unconfirmed',
  rollback: 'roll back all that was changed',
};
