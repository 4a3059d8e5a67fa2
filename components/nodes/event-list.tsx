import Link from 'next/link';
import { Mark } from '#components/ui/mark.tsx';
import type { Annotation } from '#shared/annotations.ts';
import { plural } from '#shared/units/count.ts';
import { formatClock, formatInstant } from '#shared/units/time.ts';
import { eventWords } from './node-annotations.ts';

/** What the lane shows as marks, in words, newest first; each time marks itself on the charts. */
export function EventList({ events, cut, onTime }: { events: readonly Annotation[]; cut: boolean; onTime: (seconds: number) => void }) {
  if (events.length === 0) return null;
  return (
    <details className="happened">
      <summary>{plural(events.length, 'event')} in this range</summary>
      <ol>
        {[...events].reverse().map((event) => {
          const { mark, what, detail, href } = eventWords(event);
          return (
            <li key={`${event.kind}-${event.from}-${what}`}>
              <button
                type="button"
                title={`${formatInstant(Date.parse(event.from))}: mark it on the charts`}
                onClick={() => onTime(Date.parse(event.from) / 1000)}
              >
                {formatClock(Date.parse(event.from))}
              </button>
              <Mark kind={mark} />
              <span>
                {href ? <Link href={href}>{what}</Link> : <b className="t1 med">{what}</b>} <span className="t3">{detail}</span>
              </span>
            </li>
          );
        })}
      </ol>
      {cut ? <p className="help">Of more than 1,000 only the newest are here; choose a shorter range.</p> : null}
    </details>
  );
}
