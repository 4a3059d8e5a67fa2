import type { Metadata } from 'next';
import { LinkForm } from '#components/settings/link-form.tsx';

export const metadata: Metadata = { title: 'One-time link' };

export default function LinkPage() {
  return (
    <main className="auth">
      <LinkForm />
    </main>
  );
}
