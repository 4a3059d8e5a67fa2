/**
 * What a command says, and its exit code:
 *   0    good
 *   1    not good: not as it should be, not fixed, something is left to do
 *   2    not asked as it should be, or refused for what was asked
 *   3    cannot tell: the verdict is inconclusive, or a person has to decide
 *   4    the console does not answer, does not let us in, or cannot serve now
 *   78   a wrong setting or key (EX_CONFIG of sysexits.h)
 *   130  left by Ctrl-C; what was watched goes on
 */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 78 | 130;
/** `error`: the lines are a complaint and go to the standard error, so that what reads the output never takes them for it. */
export type Answer = { lines: string[]; code: ExitCode; error?: boolean };

export const EXIT_CODES: readonly { code: ExitCode; means: string }[] = [
  { code: 0, means: 'good' },
  { code: 1, means: 'not good: not as it should be, not fixed, or something is left to do' },
  { code: 2, means: 'not asked as it should be, or refused for what was asked' },
  { code: 3, means: 'cannot tell: the verdict is inconclusive, or a person has to decide' },
  { code: 4, means: 'the console does not answer, does not let this token do it, or cannot serve now' },
  { code: 78, means: 'a wrong setting or key' },
  { code: 130, means: 'left by Ctrl-C; what was watched goes on' },
];

export const good = (...lines: string[]): Answer => ({ lines, code: 0 });
export const wrong = (...lines: string[]): Answer => ({ lines, code: 2, error: true });
