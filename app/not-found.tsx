import type { Metadata } from 'next';
import { AuthFrame } from '#components/settings/auth-frame.tsx';
import { LinkButton } from '#components/ui/button.tsx';

export const metadata: Metadata = { title: 'No such page · Headroom' };

/** An address that no page has: says so, and leads back. */
export default function NotFound() {
  return (
    <main className="auth">
      <AuthFrame title="No such page" lead="The address may be mistyped or old. Nothing on a node was touched.">
        <LinkButton href="/">Open the fleet</LinkButton>
      </AuthFrame>
    </main>
  );
}
