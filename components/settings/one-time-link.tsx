'use client';
import { Button } from '#components/ui/button.tsx';
import { CodeBlock } from '#components/ui/code-block.tsx';
import { Dialog } from '#components/ui/dialog.tsx';
import { useNow } from '#components/ui/now.tsx';
import type { OneTimeLink } from '#shared/account.ts';
import { formatDuration, formatInstant } from '#shared/units/time.ts';

const WHAT = { invite: 'Invitation for', password: 'Password link for', 'second-factor': 'Second-factor link for' } as const;

/** Shown once, like a token. */
export function OneTimeLinkView({ name, link, onClose }: { name: string; link: OneTimeLink; onClose: () => void }) {
  const left = (Date.parse(link.expiresAt) - useNow()) / 1000;
  return (
    <Dialog
      open
      onClose={onClose}
      title={`${WHAT[link.kind]} ${name}`}
      lead="Send it by a way that only this person reads. It is shown now and never again: only its hash is kept."
      footer={<Button onClick={onClose}>I have copied it</Button>}
    >
      <div className="dlg-b">
        <CodeBlock label="one-time link" text={link.link} />
        <p className="help" title={formatInstant(Date.parse(link.expiresAt))}>
          Good once, for {formatDuration(left)}. A newer one of its kind ends it.
        </p>
      </div>
    </Dialog>
  );
}
