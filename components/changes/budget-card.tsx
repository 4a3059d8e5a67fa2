'use client';
import { useState } from 'react';
import { useFleet } from '#client/nodes.ts';
import { Callout } from '#components/ui/callout.tsx';
import { Card } from '#components/ui/card.tsx';
import { TextField } from '#components/ui/field.tsx';
import { TableFrame } from '#components/ui/table.tsx';
import type { FleetNode } from '#shared/nodes.ts';
import { BUDGET_WARNS, POOL_DEFAULTS, type PoolBudget, poolBudget } from '#shared/pool-budget.ts';
import type { PoolSettings } from '#shared/runs.ts';
import { formatCount, formatPercent, plural } from '#shared/units/count.ts';

const MOST_ROWS = 8;
/** How long the upstream usually keeps an idle connection; one that outlives it is dead when it is used again. */
const UPSTREAM_KEEP_ALIVE = 60;

/** The fds that the edited settings would hold, from each node's own traffic. */
export function BudgetCard({ nodeIds, pool }: { nodeIds: readonly string[]; pool: PoolSettings }) {
  const fleet = useFleet();
  const [hosts, setHosts] = useState('10');
  const upstreams = /^[1-9]\d{0,4}$/.test(hosts.trim()) ? Number(hosts) : null;
  const wanted = new Set(nodeIds);
  const rows = (fleet.data?.nodes ?? []).flatMap((node) => {
    const budget = wanted.has(node.id) ? poolBudget(node, pool, upstreams ?? 10) : null;
    return budget ? [{ node, budget }] : [];
  });
  if (rows.length === 0) return null;
  rows.sort((a, b) => (b.budget.share ?? 0) - (a.budget.share ?? 0));
  const tight = rows.filter(({ budget }) => (budget.share ?? 0) > BUDGET_WARNS).length;
  return (
    <Card flush title="Budget" meta="steady fds with these settings, from each node's traffic now" className="change-budget">
      <div className="card-b stack">
        <TextField
          label="Upstream hosts"
          inputMode="numeric"
          value={hosts}
          error={upstreams === null ? 'Write a whole number above 0' : undefined}
          help="the pool holds up to max_per_host sockets for each"
          onChange={(event) => setHosts(event.target.value)}
        />
        {tight > 0 ? (
          <Callout tone="warn">
            <b>{plural(tight, 'node')} above 70 % of the limit.</b> Traffic swings by more than what is left: lower max_per_host or
            idle_timeout, or raise LimitNOFILE first.
          </Callout>
        ) : null}
        {(pool.enabled ?? false) && (pool.idle_timeout ?? POOL_DEFAULTS.idle_timeout) > UPSTREAM_KEEP_ALIVE ? (
          <Callout tone="warn">
            idle_timeout outlives the 60 s for which most upstreams keep an idle connection: such sockets are dead when they are used.
          </Callout>
        ) : null}
      </div>
      <TableFrame label="Budget by node">
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col" className="num p2">
              Sockets of tunnels
            </th>
            <th scope="col" className="num p2">
              Idle pool
            </th>
            <th scope="col" className="num">
              Expected
            </th>
            <th scope="col" className="num">
              Of the limit
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST_ROWS).map(({ node, budget }) => (
            <BudgetRow key={node.id} node={node} budget={budget} />
          ))}
        </tbody>
      </TableFrame>
      <p className="help px-4 pb-3">
        {rows.length > MOST_ROWS ? `The ${MOST_ROWS} tightest of ${rows.length}. ` : ''}
        Two sockets a tunnel, one idle socket a connection for its idle time: reuse makes it less. Fields left unchanged count as the
        proxy’s defaults. A leak comes on top.
      </p>
    </Card>
  );
}

const BOUNDS: Record<PoolBudget['boundBy'], string> = { off: 'pool off', traffic: 'by traffic', max_per_host: 'by max_per_host' };

function BudgetRow({ node, budget }: { node: FleetNode; budget: PoolBudget }) {
  const tight = (budget.share ?? 0) > BUDGET_WARNS;
  return (
    <tr>
      <td className="name">{node.name}</td>
      <td className="num p2">{formatCount(budget.tunnels)}</td>
      <td className="num p2">
        {formatCount(budget.idle)} <span className="t3 sm">{BOUNDS[budget.boundBy]}</span>
      </td>
      <td className="num">
        <b className="t1">{formatCount(budget.expected)}</b>
        {budget.unexplained > 0 ? <span className="t3 sm"> +{formatCount(budget.unexplained)} unexplained now</span> : null}
      </td>
      <td className={tight ? 'num fg-warn' : 'num'}>{budget.limit === null ? 'unknown' : formatPercent(budget.expected, budget.limit)}</td>
    </tr>
  );
}
