'use client';
import { Fingerprint, KeyRound, LifeBuoy, Smartphone } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { browserHasPasskeys } from '#client/passkeys.ts';
import { useNewRecoveryCodes, useRemovePasskey, useRemoveTotp } from '#client/users.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Card } from '#components/ui/card.tsx';
import { Chip } from '#components/ui/chip.tsx';
import { DangerDialog } from '#components/ui/dialog.tsx';
import { asProblem } from '#components/ui/error-state.tsx';
import { Ago } from '#components/ui/now.tsx';
import { ProblemNote } from '#components/ui/problem-note.tsx';
import type { OwnAccount } from '#shared/account.ts';
import { NewPasskeyDialog } from './new-passkey-dialog.tsx';
import { RecoveryCodesDialog } from './recovery-codes.tsx';
import { TotpDialog } from './totp-dialog.tsx';

type Open = 'totp' | 'passkey' | null;
type Removing = { kind: 'totp' } | { kind: 'passkey'; id: string; name: string } | null;

/** What a stolen password alone does not have. */
export function FactorsCard({ account }: { account: OwnAccount }) {
  const [open, setOpen] = useState<Open>(null);
  const [removing, setRemoving] = useState<Removing>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const renew = useNewRecoveryCodes();
  const none = account.totpSince === null && account.passkeys.length === 0;
  const canPasskey = account.passkeysHere && browserHasPasskeys();
  return (
    <Card
      flush
      title="Second factor"
      meta="asked at sign-in, and again before what is dangerous"
      end={
        none ? (
          <Chip tone="warn" mark="warn">
            none
          </Chip>
        ) : (
          <Chip tone="ok" mark="ok">
            on
          </Chip>
        )
      }
    >
      <ul className="rows">
        <Row
          icon={<Smartphone className="i" aria-hidden="true" />}
          title="Authenticator app"
          note={
            account.totpSince ? (
              <TotpSince at={account.totpSince} />
            ) : (
              'Six digits that change every 30 s, from any app that reads a QR code.'
            )
          }
        >
          <Button small onClick={() => setOpen('totp')}>
            {account.totpSince ? 'Set up anew…' : 'Set up…'}
          </Button>
          {account.totpSince ? (
            <Button small look="danger" onClick={() => setRemoving({ kind: 'totp' })}>
              Remove…
            </Button>
          ) : null}
        </Row>
        {account.passkeys.map((passkey) => (
          <Row
            key={passkey.id}
            icon={<KeyRound className="i" aria-hidden="true" />}
            title={passkey.name}
            note={
              <>
                Passkey, added <Ago at={passkey.createdAt} />,{' '}
                {passkey.lastUsedAt === null ? (
                  'never used'
                ) : (
                  <>
                    used <Ago at={passkey.lastUsedAt} />
                  </>
                )}
              </>
            }
          >
            <Button small look="danger" onClick={() => setRemoving({ kind: 'passkey', id: passkey.id, name: passkey.name })}>
              Remove…
            </Button>
          </Row>
        ))}
        <Row
          icon={<Fingerprint className="i" aria-hidden="true" />}
          title="Passkey"
          note={
            canPasskey
              ? 'Signs you in without the password: a finger, a face, a PIN or a security key.'
              : account.passkeysHere
                ? 'This browser has no passkeys.'
                : 'Passkeys belong to a name: open the console by its name, not by a number.'
          }
        >
          <Button small disabled={!canPasskey} onClick={() => setOpen('passkey')}>
            Add…
          </Button>
        </Row>
        {none ? null : (
          <Row
            icon={<LifeBuoy className="i" aria-hidden="true" />}
            title="Recovery codes"
            note={`${account.recoveryCodesLeft} left. For the day on which the device is gone; each is good once.`}
          >
            <Button
              small
              disabled={renew.isPending}
              onClick={() => renew.mutate(null, { onSuccess: (made) => setCodes(made.recoveryCodes) })}
            >
              New codes
            </Button>
          </Row>
        )}
      </ul>
      {renew.error ? (
        <div className="p-4">
          <Callout tone="danger" live>
            {asProblem(renew.error).detail}
          </Callout>
        </div>
      ) : null}
      {open === 'totp' ? <TotpDialog onClose={() => setOpen(null)} onCodes={setCodes} /> : null}
      {open === 'passkey' ? <NewPasskeyDialog onClose={() => setOpen(null)} onCodes={setCodes} /> : null}
      {codes ? <RecoveryCodesDialog codes={codes} onClose={() => setCodes(null)} /> : null}
      <RemoveDialog
        removing={removing}
        last={account.passkeys.length + (account.totpSince ? 1 : 0) === 1}
        onClose={() => setRemoving(null)}
      />
    </Card>
  );
}

const TotpSince = ({ at }: { at: string }) => (
  <>
    Set up <Ago at={at} />. Codes of it are good once.
  </>
);

function Row({ icon, title, note, children }: { icon: ReactNode; title: string; note: ReactNode; children: ReactNode }) {
  return (
    <li>
      {icon}
      <div className="what">
        <b>{title}</b>
        <p>{note}</p>
      </div>
      {children}
    </li>
  );
}

function RemoveDialog({ removing, last, onClose }: { removing: Removing; last: boolean; onClose: () => void }) {
  const totp = useRemoveTotp();
  const passkey = useRemovePasskey();
  const error = totp.error ?? passkey.error;
  const close = () => {
    totp.reset();
    passkey.reset();
    onClose();
  };
  const act = () => {
    if (removing?.kind === 'totp') totp.mutate(null, { onSuccess: close });
    else if (removing) passkey.mutate(removing.id, { onSuccess: close });
  };
  const what = removing?.kind === 'passkey' ? `the passkey ${removing.name}` : 'the authenticator app';
  return (
    <DangerDialog
      open={removing !== null}
      title={`Remove ${what}?`}
      effects={[
        {
          key: 'what',
          icon: <Smartphone className="i s" aria-hidden="true" />,
          text: last ? 'It is the last one: the password alone will sign you in' : 'It signs you in no more; your other ways stay',
        },
        ...(last ? [{ key: 'codes', icon: <LifeBuoy className="i s" aria-hidden="true" />, text: 'The recovery codes go with it' }] : []),
      ]}
      keep="Keep it"
      act="Remove it"
      busy={totp.isPending || passkey.isPending}
      problem={<ProblemNote error={error} />}
      onAct={act}
      onClose={close}
    />
  );
}
