'use client';
import { KeyRound, Link2, LogOut, ShieldOff, Trash2, UserCheck, UserX } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useChangeUser, useDeleteUser, useEndUserSessions, useNewLink } from '#client/users.ts';
import { Button } from '#components/ui/button.tsx';
import { DangerDialog, Dialog } from '#components/ui/dialog.tsx';
import { SelectField } from '#components/ui/field.tsx';
import { ProblemNote } from '#components/ui/problem-note.tsx';
import type { User } from '#shared/account.ts';
import { ROLES } from '#shared/roles.ts';
import { ROLE_WORDS } from './invite-dialog.tsx';
import { OneTimeLinkView } from './one-time-link.tsx';

/** What an admin does about one person. */
export function PersonDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const change = useChangeUser();
  const newLink = useNewLink();
  const endSessions = useEndUserSessions();
  const [danger, setDanger] = useState<'disable' | 'delete' | null>(null);
  if (newLink.data) return <OneTimeLinkView name={user.name} link={newLink.data} onClose={onClose} />;
  if (danger) return <DangerStep user={user} danger={danger} onBack={() => setDanger(null)} onClose={onClose} />;
  const busy = change.isPending || newLink.isPending || endSessions.isPending;
  const error = change.error ?? newLink.error ?? endSessions.error;
  const factor = user.ways.totp || user.ways.passkeys > 0;
  const link = (kind: 'invite' | 'password' | 'second-factor') => newLink.mutate({ id: user.id, kind });
  return (
    <Dialog open onClose={onClose} title={user.name} lead={user.email} footer={<Button onClick={onClose}>Done</Button>}>
      <div className="dlg-b">
        <SelectField
          label="Role"
          help={user.managed ? 'From the groups of the sign-in provider' : 'Everywhere, or on the nodes that “Who may what” says'}
          value={user.role}
          disabled={user.managed || busy}
          onChange={(event) => {
            const role = ROLES.find((one) => one === event.target.value);
            if (role) change.mutate({ id: user.id, role });
          }}
        >
          {ROLES.map((role) => (
            <option key={role} value={role}>
              {ROLE_WORDS[role]}
            </option>
          ))}
        </SelectField>
        <div className="person-acts">
          {user.state === 'invited' ? (
            <Act icon={<Link2 className="i s" aria-hidden="true" />} busy={busy} onClick={() => link('invite')}>
              New invitation link
            </Act>
          ) : null}
          {user.state === 'active' ? (
            <Act icon={<KeyRound className="i s" aria-hidden="true" />} busy={busy} onClick={() => link('password')}>
              Link for a new password
            </Act>
          ) : null}
          {user.state === 'active' && factor ? (
            <Act icon={<ShieldOff className="i s" aria-hidden="true" />} busy={busy} onClick={() => link('second-factor')}>
              Link that takes the second factor off
            </Act>
          ) : null}
          {user.sessions > 0 ? (
            <Act icon={<LogOut className="i s" aria-hidden="true" />} busy={busy} onClick={() => endSessions.mutate(user.id)}>
              End {user.sessions === 1 ? 'the session' : `${user.sessions} sessions`}
            </Act>
          ) : null}
          {user.state === 'disabled' ? (
            <Act
              icon={<UserCheck className="i s" aria-hidden="true" />}
              busy={busy}
              onClick={() => change.mutate({ id: user.id, disabled: false })}
            >
              Enable the account
            </Act>
          ) : (
            <Act danger icon={<UserX className="i s" aria-hidden="true" />} busy={busy} onClick={() => setDanger('disable')}>
              Disable the account…
            </Act>
          )}
          <Act danger icon={<Trash2 className="i s" aria-hidden="true" />} busy={busy} onClick={() => setDanger('delete')}>
            Delete the account…
          </Act>
        </div>
        <ProblemNote error={error} />
      </div>
    </Dialog>
  );
}

function Act({
  icon,
  busy,
  danger,
  onClick,
  children,
}: {
  icon: ReactNode;
  busy: boolean;
  danger?: boolean;
  onClick: () => void;
  children: ReactNode;
}) {
  return (
    <Button look={danger ? 'danger' : 'plain'} disabled={busy} onClick={onClick}>
      {icon}
      {children}
    </Button>
  );
}

function DangerStep({
  user,
  danger,
  onBack,
  onClose,
}: {
  user: User;
  danger: 'disable' | 'delete';
  onBack: () => void;
  onClose: () => void;
}) {
  const change = useChangeUser();
  const remove = useDeleteUser();
  const error = change.error ?? remove.error;
  const deletes = danger === 'delete';
  const act = () =>
    deletes ? remove.mutate(user.id, { onSuccess: onClose }) : change.mutate({ id: user.id, disabled: true }, { onSuccess: onClose });
  return (
    <DangerDialog
      open
      title={`${deletes ? 'Delete' : 'Disable'} the account of ${user.name}?`}
      effects={[
        {
          key: 'sessions',
          icon: <LogOut className="i s" aria-hidden="true" />,
          text: 'Every session ends now, and tokens that they made stop',
        },
        deletes
          ? {
              key: 'back',
              icon: <Trash2 className="i s" aria-hidden="true" />,
              text: 'There is no way back; what they did stays in the audit',
            }
          : {
              key: 'back',
              icon: <UserCheck className="i s" aria-hidden="true" />,
              text: 'You can enable it again, and all of it comes back',
            },
      ]}
      keep="Keep it"
      act={deletes ? 'Delete the account' : 'Disable the account'}
      busy={change.isPending || remove.isPending}
      problem={<ProblemNote error={error} />}
      onAct={act}
      onClose={onBack}
    />
  );
}
