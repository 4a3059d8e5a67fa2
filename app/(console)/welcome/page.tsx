import { Page } from '#components/layout/page.tsx';
import { WelcomeView } from '#components/onboarding/welcome-view.tsx';

export default function WelcomePage() {
  return (
    <Page crumbs={[{ label: 'Fleet', href: '/' }, { label: 'Set up' }]}>
      <WelcomeView />
    </Page>
  );
}
