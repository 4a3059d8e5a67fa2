import { readFileSync } from 'node:fs';

/** Of the project that this command line is part of. */
export const ownVersion = (): string => String(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version);
