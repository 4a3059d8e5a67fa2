'use client';
import clsx from 'clsx';
import { useNodeConfig } from '#client/nodes.ts';
import { Button } from '#components/ui/button.tsx';
import { Chip, Tag } from '#components/ui/chip.tsx';
import { CopyButton } from '#components/ui/copy-button.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { Mark, type MarkKind } from '#components/ui/mark.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';
import type { NodeConfig } from '#shared/nodes.ts';
import { plural } from '#shared/units/count.ts';
import { formatInstant } from '#shared/units/time.ts';
import { ConfigHistoryTable } from './config-history.tsx';

const MARK: Record<NodeConfig['findings'][number]['severity'], MarkKind> = { error: 'danger', warning: 'warn', info: 'wait' };

/** config.yaml as it is on the node now, read over SSH, with what is worth saying about it beside its line. */
export function NodeConfigTab({ id }: { id: string }) {
  const { data, error, refetch, isFetching } = useNodeConfig(id);
  if (!data)
    return error ? (
      <ErrorState error={error} onRetry={() => void refetch()} />
    ) : (
      <Loading what="config.yaml from the node">
        <div className="grid gap-3 p-4">
          {['60%', '40%', '72%', '50%', '66%', '30%'].map((width) => (
            <Skeleton key={width} width={width} />
          ))}
        </div>
      </Loading>
    );
  const flagged = new Map(data.findings.filter(({ line }) => line !== null).map((finding) => [finding.line, finding]));
  return (
    <>
      <div className="chart-bar">
        <Tag>{data.path}</Tag>
        <span className="sm t3">
          sha256 <code title={data.sha256}>{data.sha256.slice(0, 12)}</code>
        </span>
        {data.drift ? (
          <Chip tone="warn" mark="drift">
            Not what was agreed
          </Chip>
        ) : null}
        {data.changed?.at ? (
          <span className="sm t3">
            changed {formatInstant(Date.parse(data.changed.at))}
            {data.changed.by ? `, perhaps by ${data.changed.by}: ${data.changed.command}` : ''}
          </span>
        ) : null}
        <span className="row push">
          <CopyButton text={data.text} label="Copy config.yaml" />
          <Button small onClick={() => void refetch()} disabled={isFetching}>
            {isFetching ? 'Reading…' : 'Read again'}
          </Button>
        </span>
      </div>
      {data.findings.length > 0 ? (
        <ul className="findings" aria-label={plural(data.findings.length, 'finding')}>
          {data.findings.map((finding) => (
            <li key={`${finding.line}-${finding.message}`}>
              <Mark kind={MARK[finding.severity]} label={finding.severity} />
              <span>{finding.message}</span>
              {finding.line === null ? null : (
                <span className="t3 nw">
                  line {finding.line}
                  {finding.column === null ? '' : `, column ${finding.column}`}
                </span>
              )}
            </li>
          ))}
        </ul>
      ) : null}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take focus */}
      <section className="diff file" tabIndex={0} aria-label="config.yaml">
        <table>
          <tbody>
            {data.text
              .replace(/\n$/, '')
              .split('\n')
              .map((line, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: lines of one text never move
                <tr key={index} className={clsx(flagged.get(index + 1) && `flag-${flagged.get(index + 1)?.severity}`)}>
                  <td className="ln">{index + 1}</td>
                  <td>{/^\s*#/.test(line) ? <span className="cm">{line}</span> : line || ' '}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </section>
      <h2 className="p-4">Before the runs that changed it</h2>
      <ConfigHistoryTable nodeId={id} />
    </>
  );
}
