'use client';
import { ArrowRight, ScanSearch } from 'lucide-react';
import { useUrlState } from '#client/url-state.ts';
import { useNodeFds, useTakeLook } from '#client/xray.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { asProblem, ErrorState } from '#components/ui/error-state.tsx';
import { Ago } from '#components/ui/now.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';
import { plural } from '#shared/units/count.ts';
import { formatClock, formatDuration, formatInstant } from '#shared/units/time.ts';
import type { FdLook, NodeFds } from '#shared/xray.ts';
import { fdRows } from './fd-rows.ts';
import { FdTable } from './fd-table.tsx';

/** What the fds of the process are, and between two looks: what grew, by whom. */
export function FdXray({ id, mayLook }: { id: string; mayLook: boolean }) {
  const [since, setSince] = useUrlState('since');
  const { data, error, refetch } = useNodeFds(id, since);
  const take = useTakeLook(id);
  if (!data)
    return error ? (
      <ErrorState error={error} onRetry={() => (since ? setSince(null) : void refetch())} />
    ) : (
      <Loading what="the last look at the fds">
        <div className="grid gap-3 p-4">
          {['40%', '90%', '84%', '70%', '52%'].map((width) => (
            <Skeleton key={width} width={width} />
          ))}
        </div>
      </Loading>
    );
  const button = (
    <Button small look={data.look ? 'plain' : 'primary'} onClick={() => take.mutate()} disabled={take.isPending || !mayLook}>
      <ScanSearch className="i s" aria-hidden="true" />
      {take.isPending ? 'Looking…' : data.look ? 'Look again' : 'Look now'}
    </Button>
  );
  const forbidden = mayLook ? null : <span className="sm t3">Your role may not take a look; an operator’s may.</span>;
  const problem = take.error ? asProblem(take.error) : null;
  const failed = problem ? (
    <div className="xr-find">
      <Callout tone="danger" live>
        <b>{problem.title}.</b> {problem.detail} <code>{problem.code}</code>
      </Callout>
    </div>
  ) : null;
  if (!data.look)
    return (
      <>
        {failed}
        <div className="empty">
          <div>
            <h2>No look taken yet</h2>
            <p className="lede">
              A look classes every fd of the process by kind, TCP state and peer. Two looks show what grew, and by whom. It reads /proc on
              the node, takes about a second and changes nothing there.
            </p>
          </div>
          <div className="row wrap">
            {button}
            {forbidden}
          </div>
        </div>
      </>
    );
  return (
    <>
      <Looks data={data} look={data.look} onSince={setSince}>
        {forbidden}
        {button}
      </Looks>
      {failed}
      <Found data={data} look={data.look} />
    </>
  );
}

function Looks({
  data,
  look,
  onSince,
  children,
}: {
  data: NodeFds;
  look: FdLook;
  onSince: (id: string | null) => void;
  children: React.ReactNode;
}) {
  const { comparison } = data;
  const earlier = data.looks.filter(({ id }) => id !== look.id);
  return (
    <div className="looks">
      {comparison ? (
        <>
          <label className="row sm t3">
            Look 1
            <select
              className="look"
              value={comparison.since.id}
              onChange={({ target }) => onSince(target.value === earlier[0]?.id ? null : target.value)}
            >
              {earlier.map(({ id, at, openFds }) => (
                <option key={id} value={id}>
                  {formatClock(Date.parse(at))}, {plural(openFds, 'fd')}
                </option>
              ))}
            </select>
          </label>
          <ArrowRight className="i s t3" aria-hidden="true" />
        </>
      ) : null}
      <span className="sm t3">
        {comparison ? 'Look 2 ' : 'Look at '}
        <span className="t1 med" title={formatInstant(Date.parse(look.at))}>
          {formatClock(Date.parse(look.at))} UTC
        </span>
        , <Ago at={look.at} />
      </span>
      {comparison ? <span className="sm t2">{formatDuration(comparison.seconds)} between</span> : null}
      <span className="row push">{children}</span>
    </div>
  );
}

function Found({ data, look }: { data: NodeFds; look: FdLook }) {
  const { kinds, peers } = fdRows(data);
  const compared = data.comparison !== null;
  return (
    <>
      <div className="xr-find" aria-live="polite">
        {data.findings.map(({ key, tone, title, sentence }) => (
          <Callout key={key} tone={tone}>
            <b>{title}.</b> {sentence}
          </Callout>
        ))}
        {compared ? null : (
          <Callout>
            One look says what the fds are. Look again in a minute to see what grows, and how long each stays: the kernel does not keep when
            an fd was opened.
          </Callout>
        )}
      </div>
      <div className="xt">
        <FdTable key={`kinds-${look.id}`} label="Open fds by kind and TCP state" rows={kinds} compared={compared} />
        <h2 className="xr-h">{compared ? 'By peer, most grown first' : 'By peer, most fds first'}</h2>
        <FdTable key={`peers-${look.id}`} label="Open fds by peer" rows={peers} compared={compared} byPeer />
      </div>
      <p className="xr-foot">
        <code title={look.command}>/proc/{look.pid}/fd</code> and <code>/proc/{look.pid}/net</code>,{' '}
        {formatDuration(look.durationMs / 1000)}
        {look.cpuMs === null ? '' : `, ${(look.cpuMs / 1000).toFixed(2)} s CPU on the node`}, by {look.by}, sha256{' '}
        <code title={look.sha256}>{look.sha256.slice(0, 12)}</code>
        {look.untracked > 0 ? `. ${plural(look.untracked, 'socket')} were too many to follow from look to look.` : ''}
      </p>
    </>
  );
}
