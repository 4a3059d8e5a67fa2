import type { RunInput } from '#shared/runs.ts';

/** How a rollout goes, as a form holds it. */
export type StrategyDraft = {
  batches: string;
  maxParallel: string;
  bakeSeconds: string;
  maxFailed: string;
  onFail: 'pause' | 'abort' | 'rollback';
  gates: 'manual' | 'auto';
  confirmSeconds: string;
  failureGroup: string;
};

export const USUAL_STRATEGY: StrategyDraft = {
  batches: '1, 10%, 100%',
  maxParallel: '8',
  bakeSeconds: '0',
  maxFailed: '0',
  onFail: 'pause',
  gates: 'manual',
  confirmSeconds: '120',
  failureGroup: '',
};

type Errors = Partial<Record<keyof StrategyDraft, string>>;

/** What is sent, or which field cannot be. Several nodes have batches; one has none. */
export function strategyOf(draft: StrategyDraft, many: boolean): { strategy: NonNullable<RunInput['strategy']>; errors: Errors } {
  const errors: Errors = {};
  const whole = (key: 'maxParallel' | 'bakeSeconds' | 'maxFailed' | 'confirmSeconds', low: number, high: number): number => {
    const value = /^\d{1,7}$/.test(draft[key].trim()) ? Number(draft[key]) : Number.NaN;
    if (!(value >= low && value <= high)) errors[key] = `Write a whole number, ${low} to ${high.toLocaleString('en')}`;
    return value;
  };
  const confirmSeconds = whole('confirmSeconds', 15, 3600);
  if (!many) return { strategy: { confirmSeconds, onFail: draft.onFail, gates: draft.gates }, errors };
  const parts = draft.batches.split(/[\s,]+/).filter(Boolean);
  const wrong = parts.find((part) => !/^(?:[1-9]\d{0,4}|(?:100|[1-9]\d?)%)$/.test(part));
  if (parts.length === 0 || wrong !== undefined)
    errors.batches = `Write counts and shares like 1, 10%, 100%${wrong ? `: ${wrong} is neither` : ''}`;
  const label = draft.failureGroup.trim();
  if (label !== '' && !/^[a-z][a-z0-9_.-]{0,39}$/.test(label)) errors.failureGroup = 'Write the name of a label, like site';
  return {
    strategy: {
      batches: parts.map((part) => (part.endsWith('%') ? part : Number(part))),
      maxParallel: whole('maxParallel', 1, 256),
      bakeSeconds: whole('bakeSeconds', 0, 86_400),
      maxFailed: whole('maxFailed', 0, 100_000),
      ...{ onFail: draft.onFail, gates: draft.gates, confirmSeconds, failureGroup: label === '' ? null : label },
    },
    errors,
  };
}

/** How many nodes each batch takes, as the run will: shares of all, rounded up, cumulative; the last batch takes the rest. */
export function batchSizes(batches: readonly (number | string)[], nodes: number): number[] {
  const sizes: number[] = [];
  let taken = 0;
  for (const batch of batches) {
    const upTo = typeof batch === 'number' ? taken + batch : Math.ceil((nodes * Number(batch.slice(0, -1))) / 100);
    const size = Math.min(nodes, upTo) - taken;
    if (size > 0) sizes.push(size);
    taken += Math.max(0, size);
  }
  if (taken < nodes) sizes.push(nodes - taken);
  return sizes;
}
