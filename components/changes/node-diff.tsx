'use client';
import { FileText } from 'lucide-react';
import { Callout } from '#components/ui/callout.tsx';
import { DiffView } from '#components/ui/diff-view.tsx';
import { Mark } from '#components/ui/mark.tsx';
import type { ChangePreview } from '#shared/changes.ts';
import { plural } from '#shared/units/count.ts';

const MARKS = { error: 'danger', warning: 'warn', info: 'skip' } as const;

/** One node's config.yaml: which bytes change, and what the linter says of the file as it would be. */
export function NodeDiff({ node }: { node: ChangePreview['nodes'][number] }) {
  return (
    <section className="change-node" aria-label={`config.yaml of ${node.name}`}>
      <header className="row wrap">
        <FileText className="i s t3" aria-hidden="true" />
        <b>{node.name}</b>
        {node.sha256Before && node.sha256After ? (
          <span className="mono t3" title={`${node.sha256Before} to ${node.sha256After}`}>
            {node.sha256Before.slice(0, 7)} → {node.sha256After.slice(0, 7)}
          </span>
        ) : null}
      </header>
      {node.problem ? (
        <Callout tone="danger" live>
          {node.problem}
        </Callout>
      ) : node.changedBytes === 0 ? (
        <p className="t3">The file says this already: not a byte would change. The run restarts and verifies all the same.</p>
      ) : (
        <>
          <DiffView label={`Changes to config.yaml of ${node.name}`} rows={node.diff} />
          <p className="sm t3">{plural(node.changedBytes, 'byte')} of the old file replaced; comments, order and spacing untouched</p>
        </>
      )}
      {node.findings.map((finding) => (
        <p className="row sm" key={`${finding.line}-${finding.message}`}>
          <Mark kind={MARKS[finding.severity]} label={finding.severity} />
          <span>
            {finding.message}
            {finding.line === null ? '' : `, line ${finding.line}`}
          </span>
        </p>
      ))}
    </section>
  );
}
