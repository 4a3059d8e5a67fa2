import { HeadroomError } from '#server/kernel/errors.ts';
import type { Runtime } from './runtime.ts';

// From the global registry: Next bundles its own copy of this file, and both copies must meet in the same place.
const SLOT = Symbol.for('headroom.runtime');

type Slot = { [SLOT]?: Runtime | undefined };

/** The live runtime of this process, for route handlers and pages. */
export function getRuntime(): Runtime {
  const runtime = slot()[SLOT];
  if (!runtime) throw new HeadroomError('server.unavailable', 'the console is starting or stopping: ask again in a few seconds');
  return runtime;
}

export function setRuntime(runtime: Runtime | undefined): void {
  slot()[SLOT] = runtime;
}

/** globalThis, seen as the holder of the slot. */
const slot = (): Slot => globalThis as Slot;
