import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { LiveEvent } from '#shared/events.ts';
import { appendSample, patchFleet, patchNodeDetail } from './live-patch.ts';
import { queryKeys } from './query-keys.ts';
import { shape } from './shape.ts';

export type LiveStatus = 'connecting' | 'live' | 'lost';

/** Samples of many nodes arrive one by one; the page is drawn once for all that came in this time. */
const FLUSH_MS = 400;
/** A message between tabs costs more than the event in it: the leader passes on together what came in this time. */
const TELL_MS = 100;
/** A leader that says nothing for so long is frozen: listen ourselves until it speaks again. */
const SILENT_LEADER_MS = 75_000;
const HEARTBEAT_MS = 5000;
const NAME = 'headroom-events';
const EVENT_TYPES = [
  'message',
  'fleet.sample',
  'node.changed',
  'run.changed',
  'incident.changed',
  'drill.changed',
  'audit.appended',
] as const;

type Message = { kind: 'events'; events: unknown[] } | { kind: 'status'; status: LiveStatus } | { kind: 'ask' } | { kind: 'reset' };
type Listener = {
  /** as it came: not checked yet */
  onEvent: (candidate: unknown) => void;
  onStatus: (status: LiveStatus) => void;
  /** what is shown is to be read anew */
  onReset: () => void;
};

/**
 * One event stream per browser: HTTP/1.1 allows six connections per host, so a stream per tab would hang the seventh.
 * The tab that holds the lock is the leader; it reads the stream and tells the others. Without locks (plain http on another host) each tab reads its own.
 */
export function openLive(listener: Listener): () => void {
  if (!('locks' in navigator) || typeof BroadcastChannel === 'undefined') return openStream(listener);
  const channel = new BroadcastChannel(NAME);
  const end = new AbortController();
  let closeOwn: (() => void) | null = null;
  let leading = false;
  let heardAt = Date.now();
  let status: LiveStatus = 'connecting';
  const say = (message: Message) => {
    if (!end.signal.aborted) channel.postMessage(message);
  };
  let heard: unknown[] = [];
  let telling: ReturnType<typeof setTimeout> | undefined;
  const tell = () => {
    telling = undefined;
    say({ kind: 'events', events: heard });
    heard = [];
  };

  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data.kind === 'ask') {
      if (leading) say({ kind: 'status', status });
      return;
    }
    if (leading) return;
    heardAt = Date.now();
    closeOwn?.();
    closeOwn = null;
    if (data.kind === 'status') listener.onStatus(data.status);
    else if (data.kind === 'reset') listener.onReset();
    else for (const event of data.events) listener.onEvent(event);
  };

  const timer = setInterval(() => {
    if (leading) say({ kind: 'status', status });
    else if (closeOwn === null && Date.now() - heardAt > SILENT_LEADER_MS) closeOwn = openStream(listener);
  }, HEARTBEAT_MS);

  navigator.locks
    .request(NAME, { signal: end.signal }, async () => {
      // granted in the same moment in which the page closed
      if (end.signal.aborted) return;
      leading = true;
      closeOwn?.();
      closeOwn = openStream({
        onEvent: (event) => {
          listener.onEvent(event);
          heard.push(event);
          telling ??= setTimeout(tell, TELL_MS);
        },
        onStatus: (next) => {
          status = next;
          listener.onStatus(next);
          say({ kind: 'status', status });
        },
        onReset: () => {
          listener.onReset();
          say({ kind: 'reset' });
        },
      });
      await new Promise<void>((resolve) => end.signal.addEventListener('abort', () => resolve(), { once: true }));
    })
    .catch(() => {
      // the lock was given up because this page closed: nothing is left to do
    });
  say({ kind: 'ask' });

  return () => {
    end.abort();
    clearInterval(timer);
    clearTimeout(telling);
    closeOwn?.();
    channel.close();
  };
}

function openStream({ onEvent, onStatus, onReset }: Listener): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const connect = () => {
    source = new EventSource('/api/v1/events');
    source.onopen = () => onStatus('live');
    source.onerror = () => {
      onStatus('lost');
      // the browser retries by itself unless the answer was an error; then it gives up and we do not
      if (source?.readyState === EventSource.CLOSED) timer = setTimeout(connect, 5000);
    };
    // more was missed than the console holds
    source.addEventListener('reset', onReset);
    for (const type of EVENT_TYPES) source.addEventListener(type, ({ data }: MessageEvent<string>) => onEvent(parse(data)));
  };
  connect();
  return () => {
    clearTimeout(timer);
    source?.close();
  };
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined; // an event this page does not know is skipped; the refetch brings what it said
  }
}

/** Applies what came since the last flush: samples patch the cache, everything else marks it stale. */
export function applyEvents(client: QueryClient, events: readonly LiveEvent[]): void {
  const samples = events.filter((event) => event.type === 'fleet.sample');
  if (samples.length > 0) {
    patch(client, queryKeys.fleet, (fleet: Parameters<typeof patchFleet>[0]) => patchFleet(fleet, samples));
    const known = nodesKnown(client);
    for (const sample of samples.filter(({ nodeId }) => known.has(nodeId))) {
      patch(client, queryKeys.node(sample.nodeId), (detail: Parameters<typeof patchNodeDetail>[0]) => patchNodeDetail(detail, sample));
      const live = {
        queryKey: queryKeys.metricsOf(sample.nodeId),
        predicate: ({ queryKey }: { queryKey: readonly unknown[] }) => String(queryKey[2]).startsWith('live:'),
      };
      client.setQueriesData(live, (answer: Parameters<typeof appendSample>[0]) => appendSample(answer, sample));
    }
  }
  const stale = new Map<string, readonly unknown[]>();
  const mark = (key: readonly unknown[]) => stale.set(JSON.stringify(key), key);
  for (const event of events) {
    if (event.type === 'node.changed')
      for (const key of [queryKeys.fleet, queryKeys.node(event.nodeId), queryKeys.config(event.nodeId), queryKeys.eventsOf(event.nodeId)])
        mark(key);
    if (event.type === 'run.changed') for (const key of [queryKeys.runs, queryKeys.run(event.runId)]) mark(key);
    if (event.type === 'incident.changed') for (const key of [queryKeys.incidents, queryKeys.incident(event.incidentId)]) mark(key);
    if (event.type === 'drill.changed') mark(queryKeys.drills);
    if (event.type === 'alert.changed') for (const key of [queryKeys.alerts, queryKeys.deliveriesOf, queryKeys.channels]) mark(key);
    if (event.type === 'channel.changed') mark(queryKeys.channels);
    if (event.type === 'silence.changed') for (const key of [queryKeys.silences, queryKeys.alerts]) mark(key);
    if (event.type === 'alert-rule.changed' || event.type === 'signal.changed') mark(queryKeys.alertRules);
    if (event.type === 'audit.appended') mark(queryKeys.audit);
  }
  for (const queryKey of stale.values()) void client.invalidateQueries({ queryKey });
}

/** Those whose page or charts were looked at: of a thousand that are live, one or two. */
const nodesKnown = (client: QueryClient): ReadonlySet<unknown> =>
  new Set(
    client
      .getQueryCache()
      .getAll()
      .flatMap(({ queryKey: [noun, id] }) => (noun === 'node' || noun === 'metrics' ? [id] : [])),
  );

/** A patch is no answer of the console: when it last answered stays known, so that the page can say that it went silent. */
function patch<T>(client: QueryClient, key: readonly unknown[], change: (before: T | undefined) => T | undefined): void {
  const updatedAt = client.getQueryState(key)?.dataUpdatedAt;
  client.setQueryData<T>(key, change, updatedAt === undefined ? {} : { updatedAt });
}

/** Mounted once, in the shell. */
export function useLive(): LiveStatus {
  const client = useQueryClient();
  const [status, setStatus] = useState<LiveStatus>('connecting');
  useEffect(() => {
    let waiting: unknown[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    let lost = false;
    const flush = async () => {
      const schema = await shape('eventSchema')();
      timer = undefined;
      const events = waiting.map((candidate) => schema.safeParse(candidate)).flatMap(({ data }) => (data ? [data] : []));
      waiting = [];
      applyEvents(client, events);
    };
    const close = openLive({
      onEvent: (event) => {
        waiting.push(event);
        timer ??= setTimeout(() => void flush(), FLUSH_MS);
      },
      onStatus: (next) => {
        setStatus(next);
        // what happened while nobody listened is not sent again to a fresh stream
        if (next === 'live' && lost) void client.invalidateQueries();
        lost = next === 'lost' || (lost && next !== 'live');
      },
      onReset: () => void client.invalidateQueries(),
    });
    return () => {
      clearTimeout(timer);
      close();
    };
  }, [client]);
  return status;
}
