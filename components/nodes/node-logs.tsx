'use client';
import clsx from 'clsx';
import { ChartLine, Pause, Play, Search, X } from 'lucide-react';
import { memo, useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { filterLines, LOG_LEVELS, type LogLine, lineAt } from '#client/log-lines.ts';
import { type LogStream, MOST_LINES, useLogStream } from '#client/log-stream.ts';
import { useUrlChoice, useUrlState } from '#client/url-state.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Chip } from '#components/ui/chip.tsx';
import { CopyButton } from '#components/ui/copy-button.tsx';
import { Segmented } from '#components/ui/segmented.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import { formatCount } from '#shared/units/count.ts';
import { formatClock, formatInstant } from '#shared/units/time.ts';
import { useMoment } from './moment.ts';

const FIRST_LINES = 200;
const LEVEL_LABELS = { all: 'All', warn: 'Warnings', error: 'Errors' } as const;

/** The unit's journal as it is written: filter, pause, and each time leads to the charts. It stops following when one scrolls up to read. */
export function NodeLogs({ id, unit }: { id: string; unit: string }) {
  const moment = useMoment();
  const [first, setFirst] = useState(moment.at === null ? FIRST_LINES : MOST_LINES);
  const stream = useLogStream(id, first);
  const [words, setWords] = useUrlState('log');
  // the URL follows in a transition and is behind while one types
  const [draft, setDraft] = useState(words ?? '');
  const [level, setLevel] = useUrlChoice('level', LOG_LEVELS, 'all');
  const [held, setHeld] = useState<readonly LogLine[] | null>(null);
  const lines = held ?? stream.lines;
  const query = useDeferredValue(draft);
  const shown = useMemo(() => filterLines(lines, query, level), [lines, query, level]);
  const paused = held !== null;
  const behind = paused ? (stream.lines.at(-1)?.seq ?? 0) - (held.at(-1)?.seq ?? 0) : 0;
  const hold = useCallback((on: boolean) => setHeld(on ? stream.lines : null), [stream.lines]);
  return (
    <>
      <div className="chart-bar">
        <label className="input log-find">
          <Search className="i s" aria-hidden="true" />
          <input
            type="search"
            className="mono"
            aria-label="Filter the journal"
            placeholder="emfile -healthz"
            spellCheck={false}
            value={draft}
            onChange={({ target }) => {
              setDraft(target.value);
              setWords(target.value);
            }}
          />
        </label>
        <Segmented
          label="Level"
          options={LOG_LEVELS.map((value) => ({ value, label: LEVEL_LABELS[value] }))}
          value={level}
          onChange={setLevel}
        />
        <span className="row push">
          <Button small aria-pressed={paused} onClick={() => hold(!paused)}>
            {paused ? <Play className="i s" aria-hidden="true" /> : <Pause className="i s" aria-hidden="true" />}
            {paused ? 'Follow' : 'Pause'}
          </Button>
          <CopyButton text={shown.map(({ time, text }) => `${time} ${text}`).join('\n')} label="Copy the shown lines" />
        </span>
      </div>
      <LogState
        stream={stream}
        unit={unit}
        shown={shown.length}
        loaded={lines.length}
        behind={behind}
        filtered={query !== '' || level !== 'all'}
      />
      {moment.at === null ? null : (
        <AtMoment
          at={moment.at}
          lines={lines}
          onMore={first < MOST_LINES ? () => setFirst(MOST_LINES) : null}
          onCharts={() => moment.open(moment.at ?? 0)}
          onClear={moment.clear}
        />
      )}
      <LogBox
        lines={shown}
        at={moment.at}
        follow={!paused && moment.at === null}
        onScrolledUp={() => hold(true)}
        onTime={moment.open}
        waiting={stream.status === 'connecting'}
        none={lines.length === 0 ? 'The journal has no lines yet.' : 'No line matches this filter.'}
      />
    </>
  );
}

function LogState({
  stream,
  unit,
  shown,
  loaded,
  behind,
  filtered,
}: {
  stream: LogStream;
  unit: string;
  shown: number;
  loaded: number;
  behind: number;
  filtered: boolean;
}) {
  return (
    <div className="log-state sm t3" role="status">
      {stream.status === 'live' ? (
        <Chip tone={behind > 0 ? 'warn' : 'neutral'} mark={behind > 0 ? 'wait' : 'ok'}>
          {behind > 0 ? 'Paused' : 'Live'}
        </Chip>
      ) : (
        <Chip tone="warn" mark="warn">
          {stream.status === 'connecting' ? 'Opening' : 'Connection lost, trying again'}
        </Chip>
      )}
      <code>journalctl -u {unit} -f</code>
      <span>
        {filtered ? `${formatCount(shown)} of ${formatCount(loaded)} lines` : `${formatCount(loaded)} lines`}
        {loaded >= MOST_LINES ? ', older ones let go' : ''}
      </span>
      {behind > 0 ? <span className="t1">{formatCount(behind)} new since the pause</span> : null}
      {stream.dropped > 0 ? <span className="fg-warn">{formatCount(stream.dropped)} lines came too fast and are missing</span> : null}
      {stream.problem ? (
        <div className="w-full">
          <Callout tone="danger" live>
            <b>The journal cannot be followed.</b> {stream.problem}. It is tried again every few seconds.
          </Callout>
        </div>
      ) : null}
    </div>
  );
}

/** A time that was chosen on a chart, or a line's: where it is in what was read. */
function AtMoment({
  at,
  lines,
  onMore,
  onCharts,
  onClear,
}: {
  at: number;
  lines: readonly LogLine[];
  onMore: (() => void) | null;
  onCharts: () => void;
  onClear: () => void;
}) {
  const oldest = lines.find((line) => line.at !== null)?.at ?? null;
  const early = oldest !== null && at * 1000 < oldest;
  const late = lines.length > 0 && !early && lineAt(lines, at * 1000) === null;
  return (
    <div className="moment">
      <b className="t1">{formatClock(at * 1000)} UTC</b>
      <span className="t2">
        {early
          ? `is before the oldest line that was read, ${formatClock(oldest)}`
          : late
            ? 'is after the newest line'
            : 'the first line at or after it is marked'}
      </span>
      <span className="row push">
        {early && onMore ? (
          <Button small onClick={onMore}>
            Read {formatCount(MOST_LINES)} lines
          </Button>
        ) : null}
        <Button small onClick={onCharts}>
          <ChartLine className="i s" aria-hidden="true" />
          On the charts
        </Button>
        <Button small look="ghost" icon aria-label="Forget this time" title="Forget this time" onClick={onClear}>
          <X className="i s" aria-hidden="true" />
        </Button>
      </span>
    </div>
  );
}

function LogBox({
  lines,
  at,
  follow,
  onScrolledUp,
  onTime,
  waiting,
  none,
}: {
  lines: readonly LogLine[];
  at: number | null;
  follow: boolean;
  onScrolledUp: () => void;
  onTime: (seconds: number) => void;
  waiting: boolean;
  none: string;
}) {
  const box = useRef<HTMLElement>(null);
  const last = lines.at(-1)?.seq;
  const marked = useMemo(() => (at === null ? null : (lineAt(lines, at * 1000)?.seq ?? null)), [lines, at]);
  useEffect(() => {
    if (follow && last !== undefined && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [follow, last]);
  useEffect(() => {
    if (marked !== null) box.current?.querySelector('.ln.at')?.scrollIntoView({ block: 'center' });
  }, [marked]);
  if (waiting)
    return (
      <div className="p-4">
        <Skeleton height={240} />
      </div>
    );
  return (
    <section
      ref={box}
      className="term logs"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take focus
      tabIndex={0}
      aria-label="Journal"
      onScroll={({ currentTarget }) => {
        const atEnd = currentTarget.scrollHeight - currentTarget.scrollTop - currentTarget.clientHeight < 24;
        if (follow && !atEnd) onScrolledUp();
      }}
    >
      {lines.length === 0 ? none : null}
      {lines.map((line) => (
        <Line key={line.seq} line={line} marked={line.seq === marked} onTime={onTime} />
      ))}
    </section>
  );
}

const Line = memo(function Line({ line, marked, onTime }: { line: LogLine; marked: boolean; onTime: (seconds: number) => void }) {
  const { at, time, text, level } = line;
  return (
    <div className={clsx('ln', level === 'error' ? 'fg-danger' : level === 'warn' && 'fg-warn', marked && 'at')}>
      {at === null ? null : (
        <button type="button" title={`${formatInstant(at)}: show on the charts`} onClick={() => onTime(Math.round(at / 1000))}>
          {time}
        </button>
      )}
      <span>{text}</span>
    </div>
  );
});
