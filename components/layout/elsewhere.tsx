'use client';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { api } from '#client/http.ts';
import { useIncidents } from '#client/incidents.ts';
import { useFleet } from '#client/nodes.ts';
import { queryKeys } from '#client/query-keys.ts';
import { useSession } from '#client/session.ts';
import { shape } from '#client/shape.ts';
import { useToastsOn } from '#client/toasts-on.ts';
import { Button } from '#components/ui/button.tsx';
import { consoleNow } from '#components/ui/now.tsx';
import { Toasts } from '#components/ui/toasts.tsx';
import { type Known, type News, newsBetween, toastsOf } from './news.ts';

const MOST = 3;
/** Kept behind those that are shown, for pages that hide some. */
const HELD = 20;

/** What happens on pages that are not shown, in a few words each with the way there. Fed by what the event stream makes anew. */
export function Elsewhere({ path }: { path: string }) {
  const [on, setOn] = useToastsOn();
  const { data: fleet } = useFleet();
  const { data: incidents } = useIncidents({ status: 'open' });
  const { data: runs } = useQuery({
    queryKey: queryKeys.runs,
    queryFn: ({ signal }) => api.get('runs', shape('runListSchema'), { signal }),
    enabled: on,
    refetchInterval: 30_000,
    retry: false,
  });
  const me = useSession().data?.actor.name;
  const since = useRef(consoleNow());
  const before = useRef<Known>({ fleet: undefined, incidents: undefined, runs: undefined });
  const [news, setNews] = useState<readonly News[]>([]);
  useEffect(() => {
    const now = { fleet, incidents, runs };
    const fresh = me === undefined ? [] : newsBetween(before.current, now, { name: me, sinceMs: since.current });
    before.current = now;
    // what the page shows at that moment has been seen
    const unseen = fresh.filter((one) => !one.on.includes(path));
    if (unseen.length > 0) setNews((held) => [...held, ...unseen].slice(-HELD));
  }, [fleet, incidents, runs, me, path]);
  // whoever has been to the page that shows it needs no message any more
  useEffect(
    () => setNews((held) => (held.some((one) => one.on.includes(path)) ? held.filter((one) => !one.on.includes(path)) : held)),
    [path],
  );

  const shown = on ? toastsOf(news, path, MOST) : [];
  return (
    <Toasts toasts={shown} onDismiss={(key) => setNews((held) => held.filter((one) => one.key !== key))}>
      {shown.length > 0 ? (
        <Button look="ghost" small onClick={() => setOn(false)} title="The sheet of keys (?) has the switch that turns them on again">
          Turn these messages off
        </Button>
      ) : null}
    </Toasts>
  );
}
