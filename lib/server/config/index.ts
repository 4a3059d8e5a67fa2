export { type ConfigFiles, createConfigFiles } from './config-files.ts';
export { type Edit, editPool } from './edit-pool.ts';
export { lintConfig } from './lint.ts';
export { mergePool } from './merge-pool.ts';
export { readPool } from './read-pool.ts';
