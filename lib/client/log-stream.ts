import { useEffect, useState } from 'react';
import { createLogBuffer, type LogLine } from './log-lines.ts';

export type LogStream = {
  lines: readonly LogLine[];
  /** `ended`: the console said why in `problem`, and tries again by itself */
  status: 'connecting' | 'live' | 'lost' | 'ended';
  problem: string | null;
  /** lines that came faster than they could be sent */
  dropped: number;
};

/** What a page keeps and draws. */
export const MOST_LINES = 2000;
/** A journal may flood: the page is drawn once for all that came in this time. */
const FLUSH_MS = 150;

/** The journal of a node's service: its last lines, then each as it is written. The stream begins anew when the connection was lost. */
export function useLogStream(id: string, first: number): LogStream {
  const [stream, setStream] = useState<LogStream>({ lines: [], status: 'connecting', problem: null, dropped: 0 });
  useEffect(() => {
    const buffer = createLogBuffer(MOST_LINES);
    let waiting: string[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    let anew = true;
    const say = (change: Partial<LogStream>) => setStream((before) => ({ ...before, ...change }));
    const flush = () => {
      timer = undefined;
      const texts = waiting;
      waiting = [];
      // a fresh connection sends the last lines again
      if (anew) buffer.clear();
      anew = false;
      say({ lines: buffer.add(texts), status: 'live', problem: null });
    };
    const source = new EventSource(`/api/v1/nodes/${encodeURIComponent(id)}/logs?follow=1&lines=${first}`);
    source.onopen = () => {
      anew = true;
      say({ status: 'live' });
    };
    source.onmessage = ({ data }: MessageEvent<string>) => {
      waiting.push(data);
      timer ??= setTimeout(flush, FLUSH_MS);
    };
    source.onerror = () => setStream((before) => ({ ...before, status: before.status === 'ended' && before.problem ? 'ended' : 'lost' }));
    source.addEventListener('problem', ({ data }: MessageEvent<string>) => say({ status: 'ended', problem: data }));
    source.addEventListener('dropped', ({ data }: MessageEvent<string>) =>
      setStream((before) => ({ ...before, dropped: before.dropped + (Number(data) || 0) })),
    );
    return () => {
      clearTimeout(timer);
      source.close();
    };
  }, [id, first]);
  return stream;
}
