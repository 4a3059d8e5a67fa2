import { type Advanced, advance, type Standing } from '#server/detect/index.ts';
import type { RuleKey, RuleNumbers } from '#shared/incident-rules.ts';
import { type Reading, readRule } from './read.ts';
import type { NodeView } from './view.ts';

export type Evaluation = Advanced & { reading: Reading };

/** One rule on one node at one moment, with what it remembers of the moments before. Pure. */
export function evaluate(rule: RuleKey, numbers: RuleNumbers, view: NodeView, before: Standing): Evaluation {
  const reading = readRule(rule, numbers, view);
  return { ...advance(before, reading, numbers, view.now), reading };
}
