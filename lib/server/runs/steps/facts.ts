import type { Probe } from '#server/ssh/index.ts';
import type { ProcessFacts } from '../state.ts';

/** What a probe says of the unit's process; null when there is none. */
export function processFacts(probe: Probe): ProcessFacts | null {
  if (probe.mainPid === null || probe.mainPid === 0) return null;
  const ports = probe.listeners.filter((l) => l.pid === probe.mainPid).map((l) => l.port);
  return {
    pid: probe.mainPid,
    startMs: probe.processStartMs,
    nRestarts: probe.nRestarts,
    openFds: probe.openFds,
    fdLimit: probe.fdSoftLimit,
    ports: [...new Set(ports)].sort((a, b) => a - b),
  };
}

const NUMBERS = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
export const count = (value: number | null): string => (value === null ? 'an unknown number' : NUMBERS.format(value));
export const listPorts = (ports: readonly number[]): string => (ports.length === 0 ? 'no port' : ports.join(', '));
