'use client';
import { Mark } from '#components/ui/mark.tsx';
import { formatClock, formatDuration, formatInstant } from '#shared/units/time.ts';
import type { Freshness } from './freshness.ts';
import { useLiveStatus } from './shell.tsx';

/** How old what you see is. Never missing while there is anything to see. */
export function AsOf({ freshness }: { freshness: Freshness }) {
  const live = useLiveStatus();
  if (freshness.kind === 'none') return null;
  const clock = <b>{formatClock(freshness.asOfMs)}</b>;
  if (freshness.kind === 'fresh')
    return (
      <span
        className="asof"
        title={`${formatInstant(freshness.asOfMs)}${live === 'live' ? '' : '; asked every 5 s, the event stream is not open'}`}
      >
        {live === 'live' ? <i className="pulse" /> : <Mark kind="wait" />}
        <span>
          <span className="hide-m">{live === 'live' ? 'Live, as of ' : 'As of '}</span>
          {clock} UTC
        </span>
      </span>
    );
  return (
    <span className="asof" title={formatInstant(freshness.asOfMs)}>
      <Mark kind="warn" />
      <span>
        {clock} UTC, {formatDuration(freshness.sinceSeconds)} old
      </span>
    </span>
  );
}
