'use client';
import { useRouter, useSearchParams } from 'next/navigation';
import { Suspense } from 'react';
import { Page, PageHead } from '#components/layout/page.tsx';
import { RunbookEditor } from '#components/runbooks/runbook-editor.tsx';

export default function EditRunbookPage() {
  return (
    <Suspense>
      <Edit />
    </Suspense>
  );
}

/** `?from=` names the runbook that is changed, or copied where it comes with the console. */
function Edit() {
  const router = useRouter();
  const from = useSearchParams().get('from');
  return (
    <Page crumbs={[{ label: 'Runbooks', href: '/runbooks' }, { label: from ?? 'New' }]}>
      <PageHead
        title={from === null ? 'New runbook' : `Change ${from}`}
        sub="Markdown for people, with one step block per heading for the machine."
      />
      <RunbookEditor key={from} from={from} onSaved={(key) => router.push(`/runbooks/${encodeURIComponent(key)}`)} />
    </Page>
  );
}
