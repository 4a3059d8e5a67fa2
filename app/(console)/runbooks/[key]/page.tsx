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
  const selector = useSearchParams().get('selector') ?? '';
  return (
    <Page crumbs={[{ label: 'Runbooks', href: '/runbooks' }, { label: key }]}>
      <RunbookView id={key} selector={selector} onStarted={(runId) => router.push(`/runs/${encodeURIComponent(runId)}`)} />
    </Page>
  );
}
