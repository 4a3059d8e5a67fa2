const iso = (epochMs: number) => new Date(epochMs).toISOString();

/** What a node kept of two runs: the first is what it has now. */
export const configHistory = (nowMs: number) => ({
  sha256: '3a'.repeat(32),
  changedAt: iso(nowMs - 900_000),
  suspects: [],
  kept: [
    {
      runId: 'r_1188',
      title: 'Pool settings',
      startedBy: 'sre-oncall',
      at: iso(nowMs - 900_000),
      sha256: '9c'.repeat(32),
      state: 'disarmed',
    },
    { runId: 'r_1102', title: 'Pool settings', startedBy: 'Mira Okafor', at: iso(nowMs - 8e8), sha256: '3a'.repeat(32), state: 'kept' },
    { runId: 'r_0007', title: null, startedBy: null, at: iso(nowMs - 9e9), sha256: '51'.repeat(32), state: 'reverted' },
  ],
});

/** Before the pool was switched on. */
export const keptConfig = (now: string) => ({
  runId: 'r_1188',
  sha256: '9c'.repeat(32),
  text: now.replace('enabled: true', 'enabled: false'),
  now: { sha256: '3a'.repeat(32), text: now },
});
