/** Reachability only; a leak never changes it. */
export const NODE_STATES = ['up', 'degraded', 'scrape-blind', 'down', 'unknown'] as const;
export type NodeState = (typeof NODE_STATES)[number];

export const LEAK_VERDICTS = ['leaking', 'not-leaking', 'cannot-tell'] as const;
export type LeakVerdict = (typeof LEAK_VERDICTS)[number];
