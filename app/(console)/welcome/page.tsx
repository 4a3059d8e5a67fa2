import { Page } from '#components/layout/page.tsx';
import { WelcomeView } from '#components/nodes/welcome/welcome-view.tsx';

export default function WelcomePage() {
  return (
    <Page crumbs={[{ label: 'Fleet', href: '/' }, { label: 'Set up' }]}>
      <WelcomeView />
    </Page>
  );
}
