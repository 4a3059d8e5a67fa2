/** What a command says, and its exit code: 0 good, 1 not good, 2 not asked as it should be. */
export type Answer = { lines: string[]; code: 0 | 1 | 2 };
