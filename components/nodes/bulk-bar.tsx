'use client';
import { ChartSpline, Play, PowerOff, X } from 'lucide-react';
import { Button, LinkButton } from '#components/ui/button.tsx';
import type { FleetNode } from '#shared/nodes.ts';
import { formatCount } from '#shared/units/count.ts';
import { selectorOf } from './select-nodes.ts';

/** The API reads selectors up to this long. */
const MAX_SELECTOR = 2000;

/** What can be done with the selection, and the selector it stands for. */
export function BulkBar({
  nodes,
  shown,
  query,
  mayOperate,
  onSelectAll,
  onClear,
}: {
  nodes: readonly FleetNode[];
  shown: readonly FleetNode[];
  query: string;
  mayOperate: boolean;
  onSelectAll: () => void;
  onClear: () => void;
}) {
  const names = selectorOf(nodes.map(({ name }) => name));
  const isWholeQuery = query.trim() !== '' && nodes.length === shown.length && shown.every((node) => nodes.includes(node));
  const selector = isWholeQuery ? query.trim() : names;
  const tooMany = selector.length > MAX_SELECTOR;
  const search = `selector=${encodeURIComponent(selector)}`;
  const why = !mayOperate ? 'needs the operator role' : tooMany ? 'too many single nodes: select them by a label' : null;
  return (
    <div className="bulk" role="toolbar" aria-label={`${nodes.length} selected`}>
      <span className="say">
        <span role="status">{formatCount(nodes.length)} selected</span>{' '}
        <span className="t3 mono ell">{selector.length > 60 ? `${selector.slice(0, 59)}…` : selector}</span>
      </span>
      <span className="vline" />
      {why ? (
        <>
          <Button small disabled>
            Turn pool off…
          </Button>
          <Button small disabled>
            Run fd-leak
          </Button>
          <span className="sm t3 px-2">{why}</span>
        </>
      ) : (
        <>
          <LinkButton small look="danger" href={`/changes/new?${search}&pool=off`}>
            <PowerOff className="i s" aria-hidden="true" />
            Turn pool off…
          </LinkButton>
          <LinkButton small href={`/runbooks/fd-leak?${search}`}>
            <Play className="i s" aria-hidden="true" />
            Run fd-leak
          </LinkButton>
        </>
      )}
      <LinkButton small href={`/compare?q=${encodeURIComponent(selector)}`}>
        <ChartSpline className="i s" aria-hidden="true" />
        Compare
      </LinkButton>
      {nodes.length < shown.length ? (
        <Button small look="ghost" className="hide-m" onClick={onSelectAll}>
          Select all {formatCount(shown.length)}
        </Button>
      ) : null}
      <Button small look="ghost" icon aria-label="Clear selection" onClick={onClear}>
        <X className="i s" aria-hidden="true" />
      </Button>
    </div>
  );
}
