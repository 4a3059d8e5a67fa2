'use client';
import clsx from 'clsx';
import { ArrowDown, ArrowUp } from 'lucide-react';
import type { ReactNode } from 'react';

/** Scrolls sideways inside itself where it must, so that the page never does; reachable by keyboard then. */
export function TableFrame({ label, children, tight }: { label: string; children: ReactNode; tight?: boolean }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take focus
    <section className="scroll" tabIndex={0} aria-label={label}>
      <table className={clsx('tbl', tight && 'tight')}>{children}</table>
    </section>
  );
}

/** Over the column of buttons: said, not shown. */
export function ActionsHead() {
  return (
    <th scope="col">
      <span className="vh">Actions</span>
    </th>
  );
}

export type SortState<K extends string> = { key: K; descending: boolean };

/** A head that sorts. `firstDescending` for figures where large is interesting. */
export function SortHead<K extends string>({
  column,
  sort,
  onSort,
  children,
  numeric,
  firstDescending = false,
  className,
  title,
}: {
  column: K;
  sort: SortState<K>;
  onSort: (sort: SortState<K>) => void;
  children: ReactNode;
  numeric?: boolean;
  firstDescending?: boolean;
  className?: string | undefined;
  title?: string | undefined;
}) {
  const active = sort.key === column;
  const Arrow = sort.descending ? ArrowDown : ArrowUp;
  return (
    <th
      scope="col"
      className={clsx(numeric && 'num', className)}
      aria-sort={active ? (sort.descending ? 'descending' : 'ascending') : undefined}
      title={title}
    >
      <button type="button" onClick={() => onSort({ key: column, descending: active ? !sort.descending : firstDescending })}>
        {children}
        {active ? <Arrow className="i xs" aria-hidden="true" /> : null}
      </button>
    </th>
  );
}
