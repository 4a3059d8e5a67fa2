'use client';
import { Radio, WifiOff } from 'lucide-react';
import { formatClock, formatDuration } from '#shared/units/time.ts';
import { Button } from './button.tsx';

type Lost = { sinceSeconds: number; asOfMs: number; retryInSeconds: number; retry: () => void; offline: boolean };

/** The console answers, but nothing new comes in. */
export function StaleStrip({ sinceSeconds, asOfMs }: { sinceSeconds: number; asOfMs: number }) {
  return (
    <div className="strip" role="status">
      <Radio className="i s" aria-hidden="true" />
      <span>
        <b>No new numbers for {formatDuration(sinceSeconds)}.</b> The console answers, its collector does not. Numbers are as of{' '}
        {formatClock(asOfMs)}.
      </span>
    </div>
  );
}

/** `offline`: it is this browser that has no network; else the console does not answer. */
export function LostStrip({ sinceSeconds, asOfMs, retryInSeconds, retry, offline }: Lost) {
  const Icon = offline ? WifiOff : Radio;
  return (
    <div className="strip">
      <Icon className="i s" aria-hidden="true" />
      <span>
        <span role="status">
          <b>{offline ? 'This browser is offline.' : 'Live updates stopped.'}</b>
        </span>{' '}
        {offline ? 'Nothing has come in' : 'The console has not answered'} for {formatDuration(sinceSeconds)}; numbers are as of{' '}
        {formatClock(asOfMs)}. Runs go on without this page.{' '}
        {retryInSeconds > 0 ? `Trying again in ${Math.ceil(retryInSeconds)} s.` : 'Trying now.'}
      </span>
      <Button small onClick={retry}>
        Try now
      </Button>
    </div>
  );
}
