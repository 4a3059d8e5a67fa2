import { notFound } from 'next/navigation';
import { Gallery } from '#components/gallery/gallery.tsx';
import { Page, PageHead } from '#components/layout/page.tsx';
import { getRuntime } from '#server/slot.ts';

export const dynamic = 'force-dynamic';

/** Every state that a page can be in, side by side: for who builds pages, so only in the demo. */
export default function GalleryPage() {
  if (!getRuntime().config.demo) notFound();
  return (
    <Page crumbs={[{ label: 'Gallery' }]}>
      <PageHead title="Gallery" sub="Every state that a page can be in. Nothing here is real." />
      <Gallery />
    </Page>
  );
}
