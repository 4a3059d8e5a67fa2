'use client';
import { useParams, useRouter, useSearchParams } from 'next/navigation';
import { Suspense } from 'react';
import { Hydrated } from '#components/layout/hydrated.tsx';
import { Page } from '#components/layout/page.tsx';
import { RunbookView } from '#components/runbooks/runbook-view.tsx';

export default function RunbookPage() {
  return (
    <Suspense>
      <Hydrated>
        <Runbook />
      </Hydrated>
    </Suspense>
  );
}

function Runbook() {
  const router = useRouter();
  const { key } = useParams<{ key: string }>();
  const query = useSearchParams();
  const selector = query.get('selector') ?? '';
  const params = paramsOf(query);
  return (
    <Page crumbs={[{ label: 'Runbooks', href: '/runbooks' }, { label: key }]}>
      <RunbookView id={key} selector={selector} params={params} onStarted={(runId) => router.push(`/runs/${encodeURIComponent(runId)}`)} />
    </Page>
  );
}

/** `params.limit=65536`: what whoever led here has filled in. */
function paramsOf(query: URLSearchParams): Record<string, string | number | boolean> {
  const given = [...query]
    .filter(([name]) => name.startsWith('params.'))
    .map(([name, text]) => [name.slice('params.'.length), text] as const);
  return Object.fromEntries(
    given.map(([name, text]) => [name, text === 'true' ? true : text === 'false' ? false : /^\d+$/.test(text) ? Number(text) : text]),
  );
}
