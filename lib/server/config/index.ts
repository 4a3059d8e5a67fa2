export { type ConfigFiles, createConfigFiles } from './config-files.ts';
export { type DiffLine, diffLines } from './diff-lines.ts';
export { type Edit, type Edited, editPool } from './edit-pool.ts';
export { type Finding, lintConfig } from './lint.ts';
export { type Pool, readPool } from './read-pool.ts';
