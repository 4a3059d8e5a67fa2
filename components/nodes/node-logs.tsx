'use client';
import clsx from 'clsx';
import { useEffect, useRef, useState } from 'react';
import { useNodeLogs } from '#client/nodes.ts';
import { CopyButton } from '#components/ui/copy-button.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import { Switch } from '#components/ui/switch.tsx';

const LINES = 200;

/** The unit's journal. Following stops when you scroll up to read. */
export function NodeLogs({ id, unit }: { id: string; unit: string }) {
  const [follow, setFollow] = useState(true);
  const { data, error, refetch } = useNodeLogs(id, { lines: LINES, follow });
  const box = useRef<HTMLElement>(null);
  const last = data?.lines.at(-1);
  useEffect(() => {
    if (follow && last !== undefined && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [follow, last]);
  if (!data)
    return error ? (
      <ErrorState error={error} onRetry={() => void refetch()} />
    ) : (
      <div className="p-4">
        <Skeleton height={240} />
      </div>
    );
  return (
    <>
      <div className="chart-bar">
        <span className="sm t3">
          <code>journalctl -u {unit}</code>, last {LINES} lines
          {error ? ', reading again failed; these are the lines of before' : ''}
        </span>
        <span className="row push sm">
          Follow
          <Switch label="Follow the journal" checked={follow} onChange={setFollow} />
          <CopyButton text={data.lines.join('\n')} label="Copy the lines" />
        </span>
      </div>
      <section
        ref={box}
        className="term logs"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take focus
        tabIndex={0}
        aria-label="Journal"
        onScroll={({ currentTarget }) => {
          const atEnd = currentTarget.scrollHeight - currentTarget.scrollTop - currentTarget.clientHeight < 24;
          if (follow && !atEnd) setFollow(false);
        }}
      >
        {data.lines.length === 0 ? 'The journal has no lines yet.' : null}
        {data.lines
          .map((line, at) => ({ line, at }))
          .map(({ line, at }) => (
            <div
              key={at}
              className={clsx(/\b(error|fatal|emfile|too many open files)\b/i.test(line) ? 'fg-danger' : /\bwarn/i.test(line) && 'fg-warn')}
            >
              {line}
            </div>
          ))}
      </section>
    </>
  );
}
