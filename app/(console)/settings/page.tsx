import { Page } from '#components/layout/page.tsx';
import { SettingsView } from '#components/settings/settings-view.tsx';

export default function SettingsPage() {
  return (
    <Page crumbs={[{ label: 'Settings' }]}>
      <SettingsView />
    </Page>
  );
}
