import type { ReactNode } from 'react';
import { Callout } from '#components/ui/callout.tsx';
import { Card } from '#components/ui/card.tsx';
import { Checkbox } from '#components/ui/checkbox.tsx';
import { Chip, type Tone } from '#components/ui/chip.tsx';
import type { MarkKind } from '#components/ui/mark.tsx';
import { TableFrame } from '#components/ui/table.tsx';
import type { ImportPlan } from '#shared/node-import.ts';

type Row = ImportPlan['rows'][number];

const ACTIONS: Record<Row['action'], { tone: Tone; mark: MarkKind; before: string; after: string }> = {
  add: { tone: 'ok', mark: 'ok', before: 'Add', after: 'Added' },
  change: { tone: 'accent', mark: 'drift', before: 'Change', after: 'Changed' },
  same: { tone: 'neutral', mark: 'skip', before: 'Same', after: 'Same' },
  'left-out': { tone: 'neutral', mark: 'skip', before: 'Left out by you', after: 'Left out by you' },
  conflict: { tone: 'warn', mark: 'warn', before: 'Conflict', after: 'Left out' },
  invalid: { tone: 'danger', mark: 'danger', before: 'Not a node', after: 'Left out' },
};
/** Longer plans are cut on the page; the counts are of all. */
const MOST_ROWS = 500;

/** What an import would do, or did, host by host; `children`: the next act. */
export function ImportPlanView({
  plan,
  leftOut,
  onLeaveOut,
  children,
}: {
  plan: ImportPlan;
  leftOut: ReadonlySet<string>;
  onLeaveOut: (name: string, out: boolean) => void;
  children: ReactNode;
}) {
  const { rows, problems, stored } = plan;
  const counts = stored ? plan.counts : chosenCounts(plan, leftOut);
  const leftOutCount = counts.conflict + counts.invalid + (counts['left-out'] ?? 0);
  const said = [
    `${counts.add} ${stored ? 'added' : 'to add'}`,
    `${counts.change} ${stored ? 'changed' : 'to change'}`,
    `${counts.same} as they are`,
    ...(leftOutCount > 0 ? [`${leftOutCount} left out`] : []),
  ].join(' · ');
  return (
    <>
      {stored ? (
        <Callout tone="ok" live>
          Imported: {said}. Next: approve each new node’s host key on its page.
        </Callout>
      ) : null}
      {problems.length > 0 ? <Lines problems={problems} /> : null}
      <Card title={stored ? 'What was done' : 'What would be done'} meta={said} flush footer={children}>
        {rows.length === 0 ? (
          <p className="card-b t3">No host was found in this list: is the format the right one?</p>
        ) : (
          <TableFrame label="Hosts of the list">
            <thead>
              <tr>
                {stored ? null : (
                  <th scope="col">
                    <span className="vh">Take it</span>
                  </th>
                )}
                <th scope="col" className="num">
                  Line
                </th>
                <th scope="col">Node</th>
                <th scope="col">{stored ? 'Done' : 'Act'}</th>
                <th scope="col">Address</th>
                <th scope="col">Why, what changes</th>
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, MOST_ROWS).map((row) => (
                <HostRow key={`${row.line}:${row.name}`} row={row} stored={stored} out={leftOut.has(row.name)} onLeaveOut={onLeaveOut} />
              ))}
            </tbody>
          </TableFrame>
        )}
        {rows.length > MOST_ROWS ? <p className="card-b t3">{rows.length - MOST_ROWS} more are not shown.</p> : null}
      </Card>
    </>
  );
}

const isChoice = ({ action }: Row): boolean => action === 'add' || action === 'change';

/** What would be stored once the hosts that were unticked are taken out. */
export function chosenCounts(plan: ImportPlan, leftOut: ReadonlySet<string>): ImportPlan['counts'] {
  const counts = { ...plan.counts };
  for (const row of plan.rows)
    if (isChoice(row) && leftOut.has(row.name)) {
      counts[row.action] -= 1;
      counts['left-out'] = (counts['left-out'] ?? 0) + 1;
    }
  return counts;
}

function HostRow({
  row,
  stored,
  out,
  onLeaveOut,
}: {
  row: Row;
  stored: boolean;
  out: boolean;
  onLeaveOut: (name: string, out: boolean) => void;
}) {
  const choice = !stored && isChoice(row);
  const { tone, mark, before, after } = ACTIONS[choice && out ? 'left-out' : row.action];
  return (
    <tr>
      {stored ? null : (
        <td>
          {choice ? (
            <Checkbox
              label={`${row.action === 'add' ? 'Add' : 'Change'} ${row.name}`}
              checked={!out}
              onChange={(on) => onLeaveOut(row.name, !on)}
            />
          ) : null}
        </td>
      )}
      <td className="num">{row.line}</td>
      <td className="name">{row.name}</td>
      <td>
        <Chip tone={tone} mark={mark}>
          {stored ? after : before}
        </Chip>
      </td>
      <td>
        <code>{row.address}</code>
      </td>
      <td className="whitespace-normal">
        {row.problems.map((problem) => (
          <div key={problem}>{problem}</div>
        ))}
        {row.changes.map((change) => (
          <div key={change.field}>
            {change.field}: {change.before} → {change.after}
          </div>
        ))}
      </td>
    </tr>
  );
}

function Lines({ problems }: { problems: ImportPlan['problems'] }) {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  return (
    <Callout tone={errors > 0 ? 'warn' : 'neutral'} live>
      <p>{errors > 0 ? 'Not all of the list can be used:' : 'Used, without this:'}</p>
      <ul className="sm">
        {problems.slice(0, 50).map(({ line, message }) => (
          <li key={`${line}:${message}`}>
            <b>line {line}</b> {message}
          </li>
        ))}
      </ul>
      {problems.length > 50 ? <p className="sm t3">and {problems.length - 50} more</p> : null}
    </Callout>
  );
}
