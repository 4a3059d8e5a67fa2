'use client';
import { Mark } from '#components/ui/mark.tsx';
import { TableFrame } from '#components/ui/table.tsx';
import type { Run, RunTarget } from '#shared/runs.ts';
import { plural } from '#shared/units/count.ts';
import { type Look, stepLook, targetLook } from './words.ts';

/** Nodes × steps: one row a node, one cell a step; a row opens below. */
export function TargetMatrix({ run, selected, onSelect }: { run: Run; selected: string | null; onSelect: (nodeId: string) => void }) {
  const columns = run.targets[0]?.steps.length ? run.targets[0].steps : run.plan;
  return (
    <section className="card run-matrix" aria-label="Nodes and steps">
      <header className="card-h">
        <h2>{plural(run.targets.length, 'node')}</h2>
        <span className="meta">batch by batch, step by step as numbered below; choose a node to see its steps</span>
      </header>
      <TableFrame label="Nodes and steps" tight>
        <thead>
          <tr>
            <th scope="col">Batch</th>
            <th scope="col">Node</th>
            {columns.map((step, i) => (
              <th scope="col" key={step.key} className="matrix-h" title={step.title}>
                <span className="vh">{step.title}</span>
                <span aria-hidden="true">{i + 1}</span>
              </th>
            ))}
            <th scope="col">Result</th>
          </tr>
        </thead>
        <tbody>
          {run.targets.map((target) => {
            const result = targetLook(target);
            return (
              <tr key={target.nodeId} className={target.nodeId === selected ? 'sel' : undefined}>
                <td>{target.batch}</td>
                <td className="name">
                  <button type="button" className="lnk" aria-pressed={target.nodeId === selected} onClick={() => onSelect(target.nodeId)}>
                    {target.name}
                  </button>
                </td>
                {cellsOf(target, run.plan).map(({ key, title, look, summary }) => (
                  <td key={key} title={`${title}: ${summary || look.word}`}>
                    <Mark kind={look.mark} label={`${title}: ${look.word}`} />
                  </td>
                ))}
                <td>
                  <span className="row">
                    <Mark kind={result.mark} />
                    {result.word}
                    {target.status === 'waiting' ? <b>asks you</b> : null}
                  </span>
                </td>
              </tr>
            );
          })}
        </tbody>
      </TableFrame>
    </section>
  );
}

/** How each step of a node stands: from the steps, or from the marks alone where the run has too many nodes to carry its steps. */
const cellsOf = (target: RunTarget, plan: Run['plan']): { key: string; title: string; look: Look; summary: string }[] =>
  target.steps.length > 0
    ? target.steps.map((step) => ({ key: step.key, title: step.title, look: stepLook(step), summary: step.summary }))
    : plan.map(({ key, title }, i) => ({
        key,
        title,
        look: stepLook({ status: target.marks[i] ?? 'pending', verdict: null }),
        summary: '',
      }));
