'use client';
import { Timer } from 'lucide-react';
import { useNow } from '#components/ui/now.tsx';
import type { RunTarget, Strategy } from '#shared/runs.ts';
import { formatClock, formatCountdown } from '#shared/units/time.ts';

/** How long the node still waits for the console before it puts its file back. The console moves it on while the run goes on. */
export function Clock({ revertAt, survivesReboot, confirmSeconds }: { revertAt: string; survivesReboot: boolean; confirmSeconds: number }) {
  const now = useNow();
  const at = Date.parse(revertAt);
  const left = now === 0 ? confirmSeconds : Math.max(0, (at - now) / 1000);
  return (
    <div className="clock">
      <div className="k row">
        <Timer className="i s" aria-hidden="true" />
        {left > 0 ? 'Without this console, reverts in' : 'Puts its file back'}
      </div>
      <div className="v" role="timer" aria-live="off" suppressHydrationWarning>
        {formatCountdown(left)}
      </div>
      <div className="bar">
        <i className="filla" style={{ width: `${Math.min(100, (left / confirmSeconds) * 100)}%` }} />
      </div>
      <div className="d">
        at {formatClock(at)} UTC, by {survivesReboot ? 'the timer of its helper' : 'a transient timer on the node'} unless this console
        moves it on. Needs no console; {survivesReboot ? 'survives a reboot of the node too' : 'would not survive a reboot of the node'}.
      </div>
    </div>
  );
}

export function RevertClock({ target, strategy }: { target: RunTarget; strategy: Strategy }) {
  const now = useNow();
  if (target.revertAt === null) return null;
  const due = now > 0 && now >= Date.parse(target.revertAt);
  return (
    <section className="gate alone" aria-label="Armed revert">
      <Clock revertAt={target.revertAt} survivesReboot={target.revertSurvivesReboot} confirmSeconds={strategy.confirmSeconds} />
      <div className="ask">
        <h2>{due ? 'The node puts its file back' : 'The change is armed, not yet kept'}</h2>
        {due ? (
          <p>
            Asked to, or {target.name} has not heard from the console in time: it restores config.yaml from the backup and restarts once.
            The result shows here as soon as the console has read it.
          </p>
        ) : (
          <p>
            {target.name} keeps a backup and waits {strategy.confirmSeconds} s for the console. While the run goes on the console moves the
            deadline; if the console or its network is lost, the node restores config.yaml and restarts by itself. Closing this page is
            safe.
          </p>
        )}
      </div>
    </section>
  );
}
