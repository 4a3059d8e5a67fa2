'use client';
import dynamic from 'next/dynamic';
import { usePathname, useRouter } from 'next/navigation';
import { createContext, type ReactNode, useContext, useEffect } from 'react';
import { afterFirstData } from '#client/first-data.ts';
import { onServerTime } from '#client/http.ts';
import { type LiveStatus, useLive } from '#client/live.ts';
import { FLEET_REFETCH_MS, useFleet } from '#client/nodes.ts';
import { queryKeys } from '#client/query-keys.ts';
import { signInPath, useSession } from '#client/session.ts';
import { useSteadyRefetch } from '#client/steady-refetch.ts';
import { syncClock } from '#components/ui/now.tsx';
import { Sidebar } from './sidebar.tsx';
import { TabBar } from './tab-bar.tsx';

onServerTime(syncClock);

// Fetched after what a page is about.
const Elsewhere = dynamic(
  () =>
    afterFirstData()
      .then(() => import('./elsewhere.tsx'))
      .then((module) => module.Elsewhere),
  { ssr: false },
);

const LiveContext = createContext<LiveStatus>('connecting');
export const useLiveStatus = (): LiveStatus => useContext(LiveContext);

/** What every signed-in page stands in: navigation, the one event stream, the way to the sign-in page. */
export function Shell({ children }: { children: ReactNode }) {
  const live = useLive();
  const session = useSession();
  const fleet = useFleet();
  useSteadyRefetch(queryKeys.fleet, FLEET_REFETCH_MS);
  const router = useRouter();
  const path = usePathname();
  const signIn = signInPath(session.error, path);
  useEffect(() => {
    if (signIn) router.replace(signIn);
  }, [signIn, router]);

  return (
    <LiveContext value={live}>
      <a className="btn skip" href="#main">
        Skip to the page
      </a>
      <div className="app">
        <Sidebar fleet={fleet.data} session={session.data} path={path} />
        {children}
      </div>
      <TabBar path={path} />
      {session.data ? <Elsewhere path={path} /> : null}
    </LiveContext>
  );
}
