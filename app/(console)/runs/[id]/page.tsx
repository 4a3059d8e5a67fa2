'use client';
import { useParams, useRouter, useSearchParams } from 'next/navigation';
import { Suspense } from 'react';
import { Hydrated } from '#components/layout/hydrated.tsx';
import { Page } from '#components/layout/page.tsx';
import { RunView } from '#components/runs/run-view.tsx';
import { runName } from '#shared/run-name.ts';

export default function RunPage() {
  return (
    <Suspense>
      <Hydrated>
        <OneRun />
      </Hydrated>
    </Suspense>
  );
}

function OneRun() {
  const router = useRouter();
  const { id } = useParams<{ id: string }>();
  const nodeId = useSearchParams().get('node');
  return (
    <Page crumbs={[{ label: 'Runs', href: '/runs' }, { label: runName(id) }]}>
      <RunView
        id={id}
        nodeId={nodeId}
        onNode={(chosen) => router.replace(`/runs/${encodeURIComponent(id)}?node=${encodeURIComponent(chosen)}`, { scroll: false })}
      />
    </Page>
  );
}
