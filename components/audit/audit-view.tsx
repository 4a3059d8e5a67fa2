'use client';
import { ChevronRight } from 'lucide-react';
import Link from 'next/link';
import { useSearchParams } from 'next/navigation';
import { useMemo, useState } from 'react';
import { useAudit } from '#client/audit.ts';
import { useFleet } from '#client/nodes.ts';
import { mayAll, useSession } from '#client/session.ts';
import { Button } from '#components/ui/button.tsx';
import { Chip } from '#components/ui/chip.tsx';
import { DiffView } from '#components/ui/diff-view.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { Ago, consoleNow } from '#components/ui/now.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';
import { TableFrame } from '#components/ui/table.tsx';
import { diffLines } from '#shared/diff-lines.ts';
import { AuditFilter } from './audit-filter.tsx';
import { ChainState } from './chain-state.tsx';
import { auditQuery, stateText } from './filter.ts';
import { type AuditEntry, objectOf } from './object.ts';

const RESULT = {
  ok: { mark: 'ok', tone: 'neutral' },
  refused: { mark: 'unknown', tone: 'unknown' },
  failed: { mark: 'danger', tone: 'danger' },
} as const;
const COLUMNS = 6;

/** Who did what, when, with which result; refusals too. Each row carries the hash of the row before. */
export function AuditView() {
  const search = useSearchParams();
  const query = useMemo(() => auditQuery(new URLSearchParams(search), consoleNow()), [search]);
  const session = useSession();
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetchingNextPage, isPlaceholderData } = useAudit(query);
  const fleet = useFleet();
  const nodeNames = useMemo(() => new Map(fleet.data?.nodes.map(({ id, name }) => [id, name])), [fleet.data]);
  const entries = data?.pages.flatMap((page) => page.entries) ?? [];
  const isFiltered = Object.keys(query).length > 0;
  return (
    <>
      <div className="page-h">
        <div className="grow">
          <h1>Audit</h1>
          <p className="sub">Every write, and every refused one. Rows are chained by hash: a changed or missing row shows.</p>
        </div>
      </div>
      <ChainState mayVerify={mayAll(session.data, 'audit.read')} />
      <AuditFilter query={query} />
      {error && (!data || isPlaceholderData) ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : !data ? (
        <Loading what="the audit">
          <div className="card grid gap-4 p-4">
            {['90%', '70%', '84%', '76%', '88%'].map((width) => (
              <Skeleton key={width} width={width} />
            ))}
          </div>
        </Loading>
      ) : (
        <section className="card" aria-label="Audit entries" aria-busy={isPlaceholderData}>
          <TableFrame label="Audit entries">
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Who</th>
                <th scope="col">Did</th>
                <th scope="col">To</th>
                <th scope="col">Result</th>
                <th scope="col" className="p2">
                  Hash
                </th>
              </tr>
            </thead>
            <tbody>
              {entries.length === 0 ? (
                <tr>
                  <td colSpan={COLUMNS}>
                    {isFiltered
                      ? 'No row is like that. “Did” and “To” compare how a row begins: run. finds run.start and run.abort.'
                      : 'Nothing has been written yet.'}
                  </td>
                </tr>
              ) : null}
              {entries.map((entry) => (
                <Entry key={entry.seq} entry={entry} nodeNames={nodeNames} />
              ))}
            </tbody>
          </TableFrame>
          {hasNextPage ? (
            <footer className="card-f">
              <Button small onClick={() => void fetchNextPage()} disabled={isFetchingNextPage}>
                {isFetchingNextPage ? 'Reading…' : 'Older entries'}
              </Button>
            </footer>
          ) : null}
        </section>
      )}
    </>
  );
}

function Entry({ entry, nodeNames }: { entry: AuditEntry; nodeNames: ReadonlyMap<string, string> }) {
  const look = RESULT[entry.result];
  const [open, setOpen] = useState(false);
  const hasStates = entry.before !== null || entry.after !== null;
  const id = `audit-${entry.seq}`;
  return (
    <>
      <tr>
        <td>
          <Ago at={entry.at} />
        </td>
        <td className="name">
          {entry.actor.name} <span className="t3 sm font-normal">{entry.actor.kind === 'user' ? '' : entry.actor.kind}</span>
        </td>
        <td>
          {hasStates ? (
            <button type="button" className="row" aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
              <ChevronRight className="i xs" aria-hidden="true" style={{ rotate: open ? '90deg' : '0deg' }} />
              <code>{entry.action}</code>
            </button>
          ) : (
            <code>{entry.action}</code>
          )}
        </td>
        <td>
          <What entry={entry} nodeNames={nodeNames} />
        </td>
        <td>
          <Chip tone={look.tone} mark={look.mark}>
            {entry.result}
          </Chip>
        </td>
        <td className="p2">
          <code className="t3" title={entry.hash}>
            {entry.hash.slice(0, 8)}
          </code>
        </td>
      </tr>
      {open ? (
        <tr id={id}>
          <td colSpan={COLUMNS}>
            <DiffView label={`What ${entry.action} changed`} rows={diffLines(stateText(entry.before), stateText(entry.after), 3)} />
            <p className="t3 sm mt-2">
              row {entry.seq} · <code>{entry.hash}</code> · after <code>{entry.prev === '' ? 'none' : entry.prev}</code>
            </p>
          </td>
        </tr>
      ) : null}
    </>
  );
}

/** The thing's name as a link to it; its id is on hover. */
function What({ entry, nodeNames }: { entry: AuditEntry; nodeNames: ReadonlyMap<string, string> }) {
  const object = objectOf(entry, nodeNames);
  if (object === null) return <span className="t3">–</span>;
  return (
    <span className="row" title={entry.object}>
      {object.kind ? <span className="t3 sm">{object.kind}</span> : null}
      {object.href ? (
        <Link className="name" href={object.href}>
          {object.name}
        </Link>
      ) : (
        <span className="t1">{object.name}</span>
      )}
      {object.gone ? <span className="t3 sm">not there any more</span> : null}
      {object.reason ? <span className="t2 sm ell">“{object.reason}”</span> : null}
    </span>
  );
}
