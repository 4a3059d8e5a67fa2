'use client';
import { ChevronDown, ChevronRight } from 'lucide-react';
import { Fragment, useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { TableFrame } from '#components/ui/table.tsx';
import { formatCount, formatSigned } from '#shared/units/count.ts';
import { formatDuration } from '#shared/units/time.ts';
import { type FdRow, isStuck, KIND_WORDS } from './fd-rows.ts';

/** rows shown before somebody asks for all */
const FIRST = 25;

/** Fds by what they are, with bars, or by peer. Both add up to all open fds. */
export function FdTable({ label, rows, byPeer, compared }: { label: string; rows: FdRow[]; byPeer?: boolean; compared: boolean }) {
  const [all, setAll] = useState(false);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const toggle = (key: string) =>
    setOpen((before) => {
      const next = new Set(before);
      if (!next.delete(key)) next.add(key);
      return next;
    });
  const shown = all ? rows : rows.slice(0, FIRST);
  const most = Math.max(1, ...rows.map(({ now, before }) => Math.max(now, before ?? 0)));
  const sum = (of: (row: FdRow) => number) => rows.reduce((total, row) => total + of(row), 0);
  return (
    <>
      <TableFrame label={label} tight>
        <thead>
          <tr>
            <th scope="col">What the fds are</th>
            <th scope="col">{byPeer ? 'Peer' : <span className="vh">Share</span>}</th>
            {compared ? (
              <th scope="col" className="num wide">
                Look 1
              </th>
            ) : null}
            <th scope="col" className="num">
              {compared ? 'Look 2' : 'Now'}
            </th>
            {compared ? (
              <>
                <th scope="col" className="num" aria-sort="descending">
                  Grew by
                </th>
                <th scope="col" className="num wide" title="Of those in look 2, how many were open at look 1 already">
                  Still there
                </th>
                <th scope="col" className="num wide" title="Half of them are open for at least this long, as earlier looks saw them">
                  Age, p50
                </th>
              </>
            ) : null}
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <Fragment key={row.key}>
              <tr>
                <td>
                  <span className="cls">
                    <Kind row={row} open={open.has(row.key)} onToggle={() => toggle(row.key)} />
                    {row.state ? <span className={isStuck(row) ? 'st stuck' : 'st'}>{row.state}</span> : null}
                  </span>
                </td>
                {byPeer ? <PeerCell row={row} /> : <BarCell row={row} most={most} />}
                {compared ? <td className="num wide t2">{formatCount(row.before ?? 0)}</td> : null}
                <td className="num">{formatCount(row.now)}</td>
                {compared ? (
                  <>
                    <td className="num">
                      <span className={(row.grew ?? 0) > 0 ? 'semi' : 't3'}>{formatSigned(row.grew ?? 0)}</span>
                    </td>
                    <td className="num wide t2">{row.stayed === null ? '–' : formatCount(row.stayed)}</td>
                    <td className="num wide t2">{ageWords(row)}</td>
                  </>
                ) : null}
              </tr>
              {open.has(row.key) ? <Examples row={row} columns={compared ? 7 : 3} /> : null}
            </Fragment>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">All open fds</th>
            <td />
            {compared ? <td className="num wide">{formatCount(sum(({ before }) => before ?? 0))}</td> : null}
            <td className="num">
              <b>{formatCount(sum(({ now }) => now))}</b>
            </td>
            {compared ? (
              <>
                <td className="num semi">{formatSigned(sum(({ grew }) => grew ?? 0))}</td>
                <td className="wide" />
                <td className="wide" />
              </>
            ) : null}
          </tr>
        </tfoot>
      </TableFrame>
      {rows.length > shown.length ? (
        <p className="xr-more">
          <Button small onClick={() => setAll(true)}>
            Show all {formatCount(rows.length)} rows
          </Button>
        </p>
      ) : null}
    </>
  );
}

function Kind({ row, open, onToggle }: { row: FdRow; open: boolean; onToggle: () => void }) {
  if (row.examples.length === 0) return <span className="t1">{KIND_WORDS[row.kind]}</span>;
  const Chevron = open ? ChevronDown : ChevronRight;
  return (
    <button type="button" className="t1 ex-open" aria-expanded={open} title="Some of them, fd by fd" onClick={onToggle}>
      <Chevron className="i xs" aria-hidden="true" />
      {KIND_WORDS[row.kind]}
    </button>
  );
}

/** Some of the fds of a row, so that one can be looked up on the node: `ls -l /proc/PID/fd/N`. */
function Examples({ row, columns }: { row: FdRow; columns: number }) {
  return (
    <tr className="ex">
      <td colSpan={columns}>
        <ul aria-label={`Examples of ${KIND_WORDS[row.kind]}${row.state ? ` ${row.state}` : ''}`}>
          {row.examples.map(({ fd, local, remote }) => (
            <li key={fd}>
              <span className="t3">fd</span> {fd}
              {local ? <span className="t2"> {local}</span> : null}
              {remote ? (
                <>
                  <span className="t3"> to </span>
                  {remote}
                </>
              ) : null}
            </li>
          ))}
        </ul>
        {row.now > row.examples.length ? <p className="t3">{formatCount(row.now - row.examples.length)} more like these</p> : null}
      </td>
    </tr>
  );
}

/** What was there and is, and what came on top. */
function BarCell({ row, most }: { row: FdRow; most: number }) {
  const came = Math.max(0, row.grew ?? 0);
  const share = (count: number) => ({ width: `${(count / most) * 100}%` });
  return (
    <td className="bar-cell">
      <span className={isStuck(row) ? 'bar stuck' : 'bar'} aria-hidden="true">
        <i style={share(row.now - came)} />
        <i className="came" style={share(came)} />
      </span>
    </td>
  );
}

function PeerCell({ row }: { row: FdRow }) {
  const words = row.others ? 'all other peers' : (row.peer ?? (row.local ? null : '–'));
  return (
    <td className="peer-cell" title={[row.name, row.peer].filter(Boolean).join(', ') || undefined}>
      {row.name ? <span className="t1 med">{row.name} </span> : null}
      {words ? <span className={row.others ? 't3' : row.name ? 'mono t3' : 'mono'}>{words}</span> : null}
      {row.local ? <span className="t3">{row.peer || row.others ? ` on ${row.local}` : row.local}</span> : null}
    </td>
  );
}

function ageWords({ medianAgeSeconds, now }: FdRow): string {
  if (medianAgeSeconds === null || now === 0) return '–';
  return medianAgeSeconds === 0 ? 'new' : `${formatDuration(medianAgeSeconds)}+`;
}
