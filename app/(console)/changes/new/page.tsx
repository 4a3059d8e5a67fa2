'use client';
import { useRouter, useSearchParams } from 'next/navigation';
import { Suspense } from 'react';
import { ChangeForm } from '#components/changes/change-form.tsx';
import { Page, PageHead } from '#components/layout/page.tsx';

export default function NewChangePage() {
  return (
    <Suspense>
      <NewChange />
    </Suspense>
  );
}

function NewChange() {
  const router = useRouter();
  const query = useSearchParams();
  const selector = query.get('selector') ?? '';
  const pool = query.get('pool');
  const choose = (next: string) =>
    router.replace(`/changes/new?${new URLSearchParams({ selector: next, ...(pool === null ? {} : { pool }) })}`, { scroll: false });
  return (
    <Page crumbs={[{ label: 'Changes' }, { label: 'New change' }]}>
      <PageHead title="Change pool settings" sub="Nothing on a node has been touched." />
      <ChangeForm
        key={pool}
        selector={selector}
        pool={pool === 'on' ? true : pool === 'off' ? false : null}
        onSelector={choose}
        onStarted={(runId) => router.push(`/runs/${encodeURIComponent(runId)}`)}
      />
    </Page>
  );
}
