import { hideNames } from '#server/kernel/hide-names.ts';
import type { Run } from '#shared/runs.ts';

/** A run as who sees only some of its nodes is shown it: without the others, and without their names in what it says. */
export function narrowRun(run: Run, seen: { has(nodeId: string): boolean }): Run {
  const targets = run.targets.filter((target) => seen.has(target.nodeId));
  if (targets.length === run.targets.length) return run;
  const hidden = run.targets.filter((target) => !seen.has(target.nodeId)).map((target) => target.name);
  const visible = targets.map((target) => target.name);
  return { ...run, ...narrowHead(run, visible, hidden), targets };
}

/** The selector may name nodes, and so may the words of the run and of who overrode. */
export function narrowHead(run: Pick<Run, 'summary' | 'override'>, visible: readonly string[], hidden: readonly string[]) {
  return {
    selector: `name=${visible.join(',')}`,
    summary: hideNames(run.summary, hidden),
    override: run.override === null ? null : hideNames(run.override, hidden),
    params: {},
  };
}
