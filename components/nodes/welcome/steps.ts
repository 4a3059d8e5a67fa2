import type { FleetNode } from '#shared/nodes.ts';

export const STEPS = [
  { key: 'add', title: 'Add nodes' },
  { key: 'keys', title: 'Host keys' },
  { key: 'check', title: 'Self-test' },
  { key: 'config', title: 'Config' },
  { key: 'done', title: 'Done' },
] as const;
export type StepKey = (typeof STEPS)[number]['key'];
export const STEP_KEYS: readonly StepKey[] = STEPS.map(({ key }) => key);

/** Nodes that are brought in side by side: each asks its host over SSH as soon as it is shown. */
export const MOST_AT_ONCE = 20;

/** The nodes of `?nodes=`; without it those that are not in yet, so that what was left in the middle can be taken up again. */
export function chosenNodes(nodes: readonly FleetNode[], ids: string | null): FleetNode[] {
  if (ids === null) return nodes.filter(({ hostKey, lastSampleAt }) => hostKey.fingerprint === null || lastSampleAt === null);
  const wanted = new Set(ids.split(','));
  return nodes.filter(({ id }) => wanted.has(id));
}

/** Whether one of the lines that were pasted says this fingerprint, as `ssh-keygen -lf` prints it; null when no fingerprint was pasted. */
export function saysFingerprint(pasted: string, fingerprint: string): boolean | null {
  const said = pasted.match(/SHA256:[A-Za-z0-9+/]{43}(?![A-Za-z0-9+/=])/g);
  return said === null ? null : said.includes(fingerprint);
}
