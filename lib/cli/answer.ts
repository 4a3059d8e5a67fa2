/** What a command says, and its exit code: 0 good, 1 not good, 2 not asked as it should be, 78 (EX_CONFIG of sysexits.h) a wrong setting or key. */
export type Answer = { lines: string[]; code: 0 | 1 | 2 | 78 };
