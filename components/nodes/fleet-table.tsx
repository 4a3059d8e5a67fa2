'use client';
import { useRouter } from 'next/navigation';
import { type SyntheticEvent, useCallback, useEffect, useMemo, useRef } from 'react';
import { singleKeysAct } from '#client/single-keys.ts';
import { Checkbox } from '#components/ui/checkbox.tsx';
import { Kbd } from '#components/ui/kbd.tsx';
import { SortHead, type SortState } from '#components/ui/table.tsx';
import type { FleetNode } from '#shared/nodes.ts';
import { formatCount } from '#shared/units/count.ts';
import { FleetRow } from './fleet-row.tsx';
import { type SortKey, VIEW_HOLDS, VIEW_LABELS, VIEWS, type View } from './select-nodes.ts';
import { useRowWindow } from './use-row-window.ts';

const COLUMNS = 10;

export function FleetTable({
  rows,
  all,
  view,
  onView,
  sort,
  onSort,
  selected,
  onToggle,
  onSelectAll,
  asOf,
}: {
  rows: readonly FleetNode[];
  all: readonly FleetNode[];
  view: View;
  onView: (view: View) => void;
  sort: SortState<SortKey>;
  onSort: (sort: SortState<SortKey>) => void;
  selected: ReadonlySet<string>;
  onToggle: (id: string) => void;
  onSelectAll: (on: boolean) => void;
  asOf: string;
}) {
  const chosen = rows.filter(({ id }) => selected.has(id)).length;
  const body = useRef<HTMLTableSectionElement>(null);
  useRowKeys(body, onToggle);
  const ahead = useNodeAhead();
  const counts = useMemo(() => VIEWS.map((name) => all.filter(VIEW_HOLDS[name]).length), [all]);
  const asOfMinute = Math.floor(Date.parse(asOf) / 60_000) * 60_000;
  return (
    <section className="card mt-[var(--gap)]" aria-label="Nodes">
      <div className="fleet-bar">
        <nav className="views" aria-label="Views">
          {VIEWS.map((name, index) => (
            <button key={name} type="button" aria-current={name === view ? 'true' : undefined} onClick={() => onView(name)}>
              {VIEW_LABELS[name]}
              <span className="count">{formatCount(counts[index] ?? 0)}</span>
            </button>
          ))}
        </nav>
      </div>
      <table className="tbl ft">
        <caption className="vh">Nodes, sorted by who dies first unless another column is chosen</caption>
        <thead>
          <tr>
            <th scope="col" className="c-cb">
              <Checkbox
                label="Select all shown nodes"
                checked={chosen === 0 ? false : chosen === rows.length ? true : 'mixed'}
                onChange={onSelectAll}
              />
            </th>
            <SortHead column="name" sort={sort} onSort={onSort}>
              Node
            </SortHead>
            <SortHead
              column="per1000"
              sort={sort}
              onSort={onSort}
              firstDescending
              title="fds leaked per 1,000 accepted connections, in this process life"
            >
              Leak per 1k conn
            </SortHead>
            <SortHead column="open" sort={sort} onSort={onSort} firstDescending>
              Open fds of limit
            </SortHead>
            <SortHead column="headroom" sort={sort} onSort={onSort} numeric className="c-head">
              Headroom
            </SortHead>
            <th scope="col" className="p3">
              Open fds, 1 h
            </th>
            <SortHead column="eta" sort={sort} onSort={onSort} numeric className="c-eta" title="by the near end of the band">
              Time to EMFILE
            </SortHead>
            <SortHead column="connections" sort={sort} onSort={onSort} numeric firstDescending className="c-conn p2">
              Connections
            </SortHead>
            <th scope="col" className="p2">
              Pool
            </th>
            <SortHead column="age" sort={sort} onSort={onSort} numeric className="p3">
              Process age
            </SortHead>
          </tr>
        </thead>
        <tbody ref={body} onPointerOver={ahead} onFocus={ahead}>
          {rows.length === 0 ? (
            <tr>
              <td colSpan={COLUMNS} className="none">
                No node is in this view.
              </td>
            </tr>
          ) : null}
          <Window body={body} rows={rows} selected={selected} onToggle={onToggle} sparkEndMs={asOfMinute} />
        </tbody>
      </table>
      <footer className="card-f">
        <span>
          {rows.length === all.length
            ? `${formatCount(rows.length)} nodes`
            : `${formatCount(rows.length)} of ${formatCount(all.length)} nodes`}
        </span>
        <span className="push hide-m row">
          <Kbd>/</Kbd> search <Kbd>j</Kbd>
          <Kbd>k</Kbd> move <Kbd>x</Kbd> select <Kbd>Enter</Kbd> open
        </span>
      </footer>
    </section>
  );
}

/** The rows near the screen. What a scroll brings in draws these alone, not the table's head and views. */
function Window({
  body,
  rows,
  selected,
  onToggle,
  sparkEndMs,
}: {
  body: React.RefObject<HTMLTableSectionElement | null>;
  rows: readonly FleetNode[];
  selected: ReadonlySet<string>;
  onToggle: (id: string) => void;
  sparkEndMs: number;
}) {
  const { from, to, rowHeight } = useRowWindow(body, rows.length);
  return (
    <>
      {from > 0 ? <tr style={{ height: from * rowHeight }} /> : null}
      {rows.slice(from, to).map((node) => (
        <FleetRow key={node.id} node={node} selected={selected.has(node.id)} onToggle={onToggle} sparkEndMs={sparkEndMs} />
      ))}
      {to < rows.length ? <tr style={{ height: (rows.length - to) * rowHeight }} /> : null}
    </>
  );
}

/** A node's page is fetched when the pointer or the focus comes to its name: not for every row that scrolls by. */
function useNodeAhead() {
  const router = useRouter();
  return useCallback(
    ({ target }: SyntheticEvent) => {
      const link = target instanceof Element ? target.closest('a[data-node]') : null;
      const href = link?.getAttribute('href');
      if (href) router.prefetch(href);
    },
    [router],
  );
}

/** j and k move between rows, x selects; Enter follows the link that has the focus. */
function useRowKeys(body: React.RefObject<HTMLTableSectionElement | null>, onToggle: (id: string) => void) {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && event.target.closest('input, textarea, select, dialog, [contenteditable]');
      if (typing || event.ctrlKey || event.metaKey || event.altKey || !['j', 'k', 'x'].includes(event.key) || !singleKeysAct()) return;
      const links = [...(body.current?.querySelectorAll<HTMLAnchorElement>('a[data-node]') ?? [])];
      const at = links.findIndex((link) => link.closest('tr')?.contains(document.activeElement));
      if (event.key === 'x') {
        const id = links[at]?.dataset.node;
        if (id) onToggle(id);
        return;
      }
      event.preventDefault();
      links[at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + (event.key === 'j' ? 1 : -1)))]?.focus();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [body, onToggle]);
}
