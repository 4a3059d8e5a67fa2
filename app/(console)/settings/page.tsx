import type { Metadata } from 'next';
import { Page } from '#components/layout/page.tsx';
import { SettingsView } from '#components/settings/settings-view.tsx';

export const metadata: Metadata = { title: 'Settings' };

export default function SettingsPage() {
  return (
    <Page crumbs={[{ label: 'Settings' }]}>
      <SettingsView />
    </Page>
  );
}
