'use client';
import { LogOut, MonitorSmartphone } from 'lucide-react';
import { useEndOtherSessions, useEndSession, useSessions } from '#client/users.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Card } from '#components/ui/card.tsx';
import { Chip } from '#components/ui/chip.tsx';
import { asProblem } from '#components/ui/error-state.tsx';
import { Ago } from '#components/ui/now.tsx';
import { RowsToCome } from '#components/ui/rows-to-come.tsx';
import { deviceWords, WAY_WORDS } from './device-words.ts';

/** Where this account is signed in. Ending one is at once: a session lives in the database alone. */
export function SessionsCard() {
  const { data, error, refetch } = useSessions();
  const end = useEndSession();
  const endOthers = useEndOtherSessions();
  const others = data?.sessions.filter(({ current }) => !current).length ?? 0;
  const problem = end.error ?? endOthers.error;
  return (
    <Card
      flush
      title="Where you are signed in"
      meta="a session ends after a day without use, and after seven in any case"
      end={
        others > 0 ? (
          <Button small disabled={endOthers.isPending} onClick={() => endOthers.mutate(null)}>
            <LogOut className="i s" aria-hidden="true" />
            End the {others === 1 ? 'other one' : `${others} others`}
          </Button>
        ) : null
      }
    >
      {data ? (
        <ul className="rows">
          {data.sessions.map((session) => (
            <li key={session.id}>
              <MonitorSmartphone className="i" aria-hidden="true" />
              <div className="what">
                <b title={session.userAgent ?? undefined}>{deviceWords(session.userAgent)}</b>
                <p>
                  {session.address ?? 'unknown address'}, by {WAY_WORDS[session.way]} <Ago at={session.createdAt} />, seen{' '}
                  <Ago at={session.seenAt} />
                </p>
              </div>
              {session.current ? (
                <Chip tone="neutral">this one</Chip>
              ) : (
                <Button small disabled={end.isPending} onClick={() => end.mutate(session.id)}>
                  End
                </Button>
              )}
            </li>
          ))}
        </ul>
      ) : (
        <RowsToCome error={error} onRetry={() => void refetch()} />
      )}
      {problem ? (
        <div className="p-4">
          <Callout tone="danger" live>
            {asProblem(problem).detail}
          </Callout>
        </div>
      ) : null}
    </Card>
  );
}
