'use client';
import { Plus, TriangleAlert } from 'lucide-react';
import { memo, useCallback, useEffect, useMemo, useState } from 'react';
import { firstDataDrawn } from '#client/first-data.ts';
import { useFleet } from '#client/nodes.ts';
import { may, useSession } from '#client/session.ts';
import { useUrlChoice, useUrlState } from '#client/url-state.ts';
import { Button, LinkButton } from '#components/ui/button.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import type { Fleet } from '#shared/nodes.ts';
import { BulkBar } from './bulk-bar.tsx';
import { DiesFirst } from './dies-first.tsx';
import { FleetEmpty, NoMatch } from './fleet-empty.tsx';
import { FleetKpis } from './fleet-kpis.tsx';
import { FleetSkeleton } from './fleet-skeleton.tsx';
import { FleetTable } from './fleet-table.tsx';
import { HeadroomGrid } from './headroom-grid.tsx';
import { SORT_KEYS, type SortKey, selectNodes, sortNodes, VIEW_HOLDS, VIEWS } from './select-nodes.ts';
import { SelectorBox } from './selector-box.tsx';

/** Who dies first? Is anything leaking, drifting, blind? */
export function FleetView() {
  const { data, error, refetch } = useFleet();
  const session = useSession();
  const told = data !== undefined || error !== null;
  useEffect(() => {
    if (told) firstDataDrawn();
  }, [told]);
  if (!data) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <FleetSkeleton />;
  if (data.nodes.length === 0) return <FleetEmpty mayAdd={may(session.data, 'node.write')} />;
  return <FleetBody fleet={data} mayOperate={may(session.data, 'run.start')} mayAdd={may(session.data, 'node.write')} />;
}

/** A selection, a sort or a view changes none of these. */
const Kpis = memo(FleetKpis);
const Dying = memo(DiesFirst);
const Grid = memo(HeadroomGrid);

const parseSort = (text: string): { key: SortKey; descending: boolean } => {
  const key = SORT_KEYS.find((candidate) => candidate === text.replace(/^-/, ''));
  return { key: key ?? 'eta', descending: key !== undefined && text.startsWith('-') };
};

function FleetBody({ fleet, mayOperate, mayAdd }: { fleet: Fleet; mayOperate: boolean; mayAdd: boolean }) {
  const [queryText, setQuery] = useUrlState('q');
  const query = queryText ?? '';
  const [view, setView] = useUrlChoice('view', VIEWS, 'all');
  const [sortText, setSort] = useUrlState('sort');
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const sort = parseSort(sortText ?? 'eta');

  const selection = useMemo(() => selectNodes(fleet.nodes, query), [fleet.nodes, query]);
  const byUrgency = useMemo(() => sortNodes(selection.nodes, 'eta', false), [selection.nodes]);
  const rows = useMemo(
    () => sortNodes(selection.nodes.filter(VIEW_HOLDS[view]), sort.key, sort.descending),
    [selection.nodes, view, sort.key, sort.descending],
  );
  const toggle = useCallback((id: string) => setSelected((before) => toggled(before, id)), []);
  const chosen = fleet.nodes.filter((node) => selected.has(node.id));

  return (
    <>
      <h1 className="vh">Fleet</h1>
      {fleet.problem ? (
        <section className="card" role="alert">
          <div className="err">
            <TriangleAlert className="i fg-warn" aria-hidden="true" />
            <div>
              <h2>Samples are not being stored</h2>
              <p>{fleet.problem}</p>
            </div>
          </div>
        </section>
      ) : null}
      <div className="page-h">
        <SelectorBox
          value={query}
          onChange={setQuery}
          matching={selection.nodes.length}
          total={fleet.nodes.length}
          problem={selection.ok ? null : selection.message}
          labels={fleet.nodes[0]?.labels ?? {}}
        />
        <div className="actions">
          {mayAdd ? (
            <LinkButton className="hide-m" href="/nodes/new">
              <Plus className="i s" aria-hidden="true" />
              Add node
            </LinkButton>
          ) : (
            <>
              <span className="sm t3 self-center hide-m">Adding a node needs the admin role</span>
              <Button className="hide-m" disabled>
                <Plus className="i s" aria-hidden="true" />
                Add node
              </Button>
            </>
          )}
        </div>
      </div>
      {selection.nodes.length === 0 ? (
        <NoMatch nodes={fleet.nodes} query={query} onQuery={setQuery} />
      ) : (
        <>
          <Kpis nodes={selection.nodes} byUrgency={byUrgency} />
          <div className="duo">
            <Dying byUrgency={byUrgency} />
            <Grid nodes={selection.nodes} />
          </div>
          <FleetTable
            rows={rows}
            all={selection.nodes}
            view={view}
            onView={setView}
            sort={sort}
            onSort={({ key, descending }) => setSort(`${descending ? '-' : ''}${key}`)}
            selected={selected}
            onToggle={toggle}
            onSelectAll={(on) => setSelected(on ? new Set(rows.map(({ id }) => id)) : new Set())}
            asOf={fleet.asOf}
          />
        </>
      )}
      {chosen.length > 0 ? (
        <BulkBar
          nodes={chosen}
          shown={rows}
          query={query}
          mayOperate={mayOperate}
          onSelectAll={() => setSelected(new Set(rows.map(({ id }) => id)))}
          onClear={() => setSelected(new Set())}
        />
      ) : null}
    </>
  );
}

function toggled(before: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(before);
  if (!next.delete(id)) next.add(id);
  return next;
}
