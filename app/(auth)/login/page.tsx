import type { Metadata } from 'next';
import { SignInForm } from '#components/settings/sign-in-form.tsx';

export const metadata: Metadata = { title: 'Sign in · Headroom' };

export default function LoginPage() {
  return (
    <main className="auth">
      <SignInForm />
    </main>
  );
}
