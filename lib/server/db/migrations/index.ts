import { core } from './0001-core.ts';
import { runs } from './0003-runs.ts';

/** Forward only, in this order. One that was released never changes; what it did wrong is put right by a later one. */
export const MIGRATIONS: readonly Migration[] = [core, runs];

export type Migration = { name: string /** one or more statements */; sql: string };
