import { notFound } from 'next/navigation';
import { GuideView } from '#components/help/guide-view.tsx';
import { Page } from '#components/layout/page.tsx';
import { getRuntime } from '#server/slot.ts';

export const dynamic = 'force-dynamic';

/** The guides, as they lie beside this console: they are about this very version. */
export default async function HelpPage({ params }: { params: Promise<{ slug?: string[] }> }) {
  const { slug = ['quick-start'] } = await params;
  const { help } = getRuntime();
  const guide = slug.length === 1 ? await help.guide(slug[0] ?? '') : null;
  if (guide === null) notFound();
  return (
    <Page crumbs={[{ label: 'Help', href: '/help' }, { label: guide.title }]}>
      <GuideView contents={help.contents} slug={guide.slug} html={guide.html} headings={guide.headings} />
    </Page>
  );
}
