'use client';
import { Filter, Server, Target } from 'lucide-react';
import { Button, LinkButton } from '#components/ui/button.tsx';
import { Command } from '#components/ui/code-block.tsx';
import { EmptyState, Way } from '#components/ui/empty-state.tsx';
import type { FleetNode } from '#shared/nodes.ts';
import { plural } from '#shared/units/count.ts';
import { termToDrop, whyNoMatch } from './select-nodes.ts';

export function FleetEmpty({ mayAdd }: { mayAdd: boolean }) {
  return (
    <EmptyState
      title="No nodes yet"
      lead="Headroom watches open file descriptors on each proxy, tells which node runs out first, and changes settings in stages it can take back. Bring one node, or see it work first."
    >
      <div className="ways">
        <Way best icon={<Server className="i" aria-hidden="true" />} title="Add a node over SSH">
          <p>A host that runs sniproxy and a user that can read /proc. The self-test says what is missing and how to fix it.</p>
          {mayAdd ? (
            <div className="row">
              <LinkButton small look="primary" href="/welcome">
                Set up the first nodes
              </LinkButton>
              <LinkButton small look="ghost" href="/nodes/new">
                Add node
              </LinkButton>
            </div>
          ) : (
            <p className="sm t3">Adding a node needs the admin role.</p>
          )}
        </Way>
        <Way icon={<Target className="i" aria-hidden="true" />} title="See the demo fleet">
          <p>Five real proxies on one machine with live traffic, two of them leaking: one the documented fix cures, one it does not.</p>
          <Command text="npm run demo" />
        </Way>
      </div>
    </EmptyState>
  );
}

export function NoMatch({ nodes, query, onQuery }: { nodes: readonly FleetNode[]; query: string; onQuery: (query: string) => void }) {
  const drop = termToDrop(nodes, query);
  const why = whyNoMatch(nodes, query);
  return (
    <section className="card">
      <div className="err">
        <Filter className="i t3" aria-hidden="true" />
        <div>
          <h2>No node matches</h2>
          <p>
            <span className="tag">{query}</span>
          </p>
          {why ? <p className="mt-2 t1">{why}</p> : null}
          {drop ? (
            <p className="mt-2">
              {plural(drop.matches, 'node')} {drop.matches === 1 ? 'matches' : 'match'} without <span className="mono t1">{drop.term}</span>
              .
            </p>
          ) : null}
          <div className="acts">
            {drop ? <Button onClick={() => onQuery(drop.without)}>Drop {drop.term}</Button> : null}
            <Button look="ghost" onClick={() => onQuery('')}>
              Clear
            </Button>
          </div>
        </div>
      </div>
    </section>
  );
}
