'use client';
import { useMutation } from '@tanstack/react-query';
import { showPasskey } from '#client/passkeys.ts';
import { showCode, useAccount } from '#client/users.ts';
import { Button } from '#components/ui/button.tsx';
import { Dialog } from '#components/ui/dialog.tsx';
import { FactorFields } from './factor-step.tsx';

/** The second factor again, on top of whatever asked for it. */
export function StepUpDialog({ onShown, onCancel }: { onShown: () => void; onCancel: () => void }) {
  const account = useAccount().data;
  const byCode = useMutation({ mutationFn: showCode, onSuccess: onShown });
  const byPasskey = useMutation({ mutationFn: showPasskey, onSuccess: onShown });
  const busy = byCode.isPending || byPasskey.isPending;
  const passkey = (account?.passkeys.length ?? 0) > 0 && (account?.passkeysHere ?? false);
  return (
    <Dialog
      open
      onClose={onCancel}
      title="Show your second factor"
      lead="This changes many nodes, or who may change them. It counts for ten minutes; then what you asked for goes on."
      footer={
        <>
          <Button onClick={onCancel}>Cancel</Button>
          <Button look="primary" type="submit" form="step-up" disabled={busy}>
            {byCode.isPending ? 'Checking…' : 'Go on'}
          </Button>
        </>
      }
    >
      <div className="dlg-b">
        <FactorFields
          formId="step-up"
          has={{ totp: account?.totpSince !== null, passkey }}
          error={byCode.error ?? byPasskey.error}
          busy={busy}
          onCode={(code) => {
            byPasskey.reset();
            byCode.mutate(code);
          }}
          onPasskey={() => {
            byCode.reset();
            byPasskey.mutate();
          }}
        />
      </div>
    </Dialog>
  );
}
