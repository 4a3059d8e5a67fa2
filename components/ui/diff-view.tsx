import { Fragment } from 'react';
import { changedPart } from './changed-part.ts';

export type DiffRow = { kind: 'same' | 'add' | 'remove'; text: string; before: number | null; after: number | null };

const LOOK = {
  same: { row: undefined, sign: ' ', word: '' },
  add: { row: 'add', sign: '+', word: 'added' },
  remove: { row: 'del', sign: '−', word: 'removed' },
} as const;

/** Byte-exact: two line-number gutters, a sign, the text with the changed word marked. Left-out lines are said, not hidden. */
export function DiffView({ label, rows }: { label: string; rows: readonly DiffRow[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take focus
    <section className="diff" tabIndex={0} aria-label={label}>
      <table>
        <tbody>
          {rows.map((row, index) => {
            const gap = skippedBefore(rows, index);
            return (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines of one diff never move
              <Fragment key={index}>
                {gap > 0 ? (
                  <tr className="fold">
                    <td className="ln" />
                    <td className="ln" />
                    <td className="sg" />
                    <td>{gap === 1 ? '1 line unchanged' : `${gap} lines unchanged`}</td>
                  </tr>
                ) : null}
                <tr className={LOOK[row.kind].row}>
                  <td className="ln">{row.before ?? ''}</td>
                  <td className="ln">{row.after ?? ''}</td>
                  <td className="sg">
                    <span aria-hidden="true">{LOOK[row.kind].sign}</span>
                    <span className="vh">{LOOK[row.kind].word}</span>
                  </td>
                  <td>
                    <Marked text={row.text} other={counterpart(rows, index)} />
                  </td>
                </tr>
              </Fragment>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function Marked({ text, other }: { text: string; other: string | undefined }) {
  if (other === undefined) return text;
  const { from, to } = changedPart(text, other);
  if (from >= to) return text;
  return (
    <>
      {text.slice(0, from)}
      <mark>{text.slice(from, to)}</mark>
      {text.slice(to)}
    </>
  );
}

/** A run of removed lines and the run of added lines after it pair up line by line. */
function counterpart(rows: readonly DiffRow[], index: number): string | undefined {
  const row = rows[index];
  if (!row || row.kind === 'same') return undefined;
  const start = (at: number, kind: DiffRow['kind']) => {
    let from = at;
    while (rows[from - 1]?.kind === kind) from -= 1;
    return from;
  };
  const count = (at: number, kind: DiffRow['kind']) => {
    let n = 0;
    while (rows[at + n]?.kind === kind) n += 1;
    return n;
  };
  if (row.kind === 'remove') {
    const first = start(index, 'remove');
    const partner = rows[first + count(first, 'remove') + (index - first)];
    return partner?.kind === 'add' ? partner.text : undefined;
  }
  const first = start(index, 'add');
  const removedFirst = start(first, 'remove');
  const partner = rows[removedFirst + (index - first)];
  return removedFirst < first && partner?.kind === 'remove' ? partner.text : undefined;
}

function skippedBefore(rows: readonly DiffRow[], index: number): number {
  const lineOf = (row: DiffRow | undefined) => row?.after ?? row?.before ?? null;
  const [here, before] = [lineOf(rows[index]), lineOf(rows[index - 1])];
  if (here === null) return 0;
  if (index === 0) return here - 1;
  return rows[index]?.kind === 'same' && rows[index - 1]?.kind === 'same' && before !== null ? here - before - 1 : 0;
}
