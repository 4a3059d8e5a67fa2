import { Page, PageHead } from '#components/layout/page.tsx';
import { RunbookList } from '#components/runbooks/runbook-list.tsx';
import { LinkButton } from '#components/ui/button.tsx';

export default function RunbooksPage() {
  return (
    <Page crumbs={[{ label: 'Runbooks' }]}>
      <PageHead
        title="Runbooks"
        sub="The documents that the console can carry out, step by step."
        actions={<LinkButton href="/runbooks/edit">New runbook</LinkButton>}
      />
      <RunbookList />
    </Page>
  );
}
