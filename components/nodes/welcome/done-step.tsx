'use client';
import Link from 'next/link';
import { LinkButton } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { Mark } from '#components/ui/mark.tsx';
import { worstOf } from '#shared/node-words.ts';
import type { FleetNode } from '#shared/nodes.ts';

/** What the nodes are now, and what is worth a look next. */
export function DoneStep({ nodes }: { nodes: readonly FleetNode[] }) {
  return (
    <div className="stack">
      <Card
        title="Your nodes"
        flush
        footer={
          <LinkButton look="primary" href="/">
            See the fleet
          </LinkButton>
        }
      >
        <ul className="checks" aria-label="Your nodes">
          {nodes.length === 0 ? <li className="t3">All nodes are in: the fleet page has them.</li> : null}
          {nodes.map((node) => (
            <li key={node.id}>
              <Mark kind={worstOf(node).kind} />
              <Link href={`/nodes/${encodeURIComponent(node.id)}`}>{node.name}</Link>
              <span className="d">
                {node.state}
                {node.stateReason ? `: ${node.stateReason}` : ''}
                {node.openFds === null ? '' : ` · ${node.openFds} fds open`}
              </span>
            </li>
          ))}
        </ul>
      </Card>
      <Card title="What to look at next">
        <ul className="next-list">
          <li>
            A verdict on a leak takes some minutes of traffic: until then a node says <i>can’t tell yet</i>, with what is missing.
          </li>
          <li>
            <Link href="/alerts">Who is told</Link> when a node runs short: no channel, no message.
          </li>
          <li>
            <Link href="/runbooks/fd-leak">The runbook fd-leak</Link>, as a dry run first: it changes nothing and shows each command.
          </li>
          <li>
            <Link href="/help/prepared-nodes">Prepared nodes</Link>: the helper lets the console do its few acts without being root.
          </li>
          <li>
            <Link href="/settings">Others who may look</Link>, and a second factor for yourself.
          </li>
        </ul>
      </Card>
    </div>
  );
}
