import type { Metadata } from 'next';
import { SetupForm } from '#components/settings/setup-form.tsx';

export const metadata: Metadata = { title: 'First admin · Headroom' };

export default function SetupPage() {
  return (
    <main className="auth">
      <SetupForm />
    </main>
  );
}
