export { backup } from './backup.ts';
export { moveToPostgres } from './move.ts';
export { assertRestored, restore } from './restore.ts';
export { rotateSecret } from './rotate-secret.ts';
