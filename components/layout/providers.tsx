'use client';
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { usePathname } from 'next/navigation';
import { type ReactNode, Suspense, useState } from 'react';
import { isProblemError } from '#client/http.ts';
import { queryKeys } from '#client/query-keys.ts';

export function Providers({ children }: { children: ReactNode }) {
  const [client] = useState(createClient);
  // The fleet's page is made for each request and stands in the HTML as it is: below a boundary it would be hidden until a script shows it.
  const [whole] = useState(usePathname() === '/');
  return (
    <QueryClientProvider client={client}>
      {/* the other pages read the URL's query, which a prerendered page does not know yet */}
      {whole ? children : <Suspense fallback={<title>Headroom</title>}>{children}</Suspense>}
    </QueryClientProvider>
  );
}

function createClient(): QueryClient {
  const client = new QueryClient({
    queryCache: new QueryCache({
      // a session that ended shows up in any call: ask again who we are, and the shell leads to the sign-in page
      onError: (error, query) => {
        if (isProblemError(error) && error.code === 'auth.required' && query.queryKey[0] !== queryKeys.session[0])
          void client.invalidateQueries({ queryKey: queryKeys.session });
      },
    }),
    defaultOptions: {
      // known data stays on the screen; a failed refetch is said beside it, not instead of it
      // in the server a page is drawn once: what it asked for goes with it, and no timer holds it
      queries: {
        retry: false,
        staleTime: 2000,
        gcTime: typeof window === 'undefined' ? Number.POSITIVE_INFINITY : 600_000,
        networkMode: 'always',
      },
      mutations: { retry: false, networkMode: 'always' },
    },
  });
  return client;
}
