'use client';
import { UserPlus } from 'lucide-react';
import { useState } from 'react';
import { useSession } from '#client/session.ts';
import { useUsers } from '#client/users.ts';
import { Button } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { Chip } from '#components/ui/chip.tsx';
import { Ago } from '#components/ui/now.tsx';
import { RowsToCome } from '#components/ui/rows-to-come.tsx';
import { ActionsHead, TableFrame } from '#components/ui/table.tsx';
import type { User } from '#shared/account.ts';
import { InviteDialog } from './invite-dialog.tsx';
import { PersonDialog } from './person-dialog.tsx';

/** Everybody who may come in, and what an admin does about it. */
export function PeopleCard({ mayRead, mayWrite, known }: { mayRead: boolean; mayWrite: boolean; known: boolean }) {
  const users = useUsers(mayRead);
  const [inviting, setInviting] = useState(false);
  const [chosen, setChosen] = useState<string | null>(null);
  const person = users.data?.users.find(({ id }) => id === chosen) ?? null;
  if (!mayRead)
    return (
      <Card title="People">
        <p className="no-points">{known ? 'People are the admin’s to see and invite.' : ''}</p>
      </Card>
    );
  return (
    <Card
      flush
      title="People"
      meta="by invitation; there is no sign-up"
      end={
        mayWrite ? (
          <Button small onClick={() => setInviting(true)}>
            <UserPlus className="i s" aria-hidden="true" />
            Invite…
          </Button>
        ) : null
      }
    >
      {users.data ? (
        <PeopleTable users={users.data.users} onChoose={mayWrite ? setChosen : null} />
      ) : (
        <RowsToCome error={users.error} onRetry={() => void users.refetch()} height={96} />
      )}
      {inviting ? <InviteDialog onClose={() => setInviting(false)} /> : null}
      {person ? <PersonDialog user={person} onClose={() => setChosen(null)} /> : null}
    </Card>
  );
}

function PeopleTable({ users, onChoose }: { users: readonly User[]; onChoose: ((id: string) => void) | null }) {
  const own = useSession().data?.actor.id;
  return (
    <TableFrame label="People">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col" className="hide-m">
            Role
          </th>
          <th scope="col">State</th>
          <th scope="col" className="p2">
            Second factor
          </th>
          <th scope="col" className="p2">
            Seen
          </th>
          <ActionsHead />
        </tr>
      </thead>
      <tbody>
        {users.map((user) => (
          <tr key={user.id}>
            <td className="two">
              <span className="name">{user.name}</span>
              {user.id === own ? <span className="t3"> you</span> : null}
              <div className="t3 sm">{user.email}</div>
              <div className="t3 sm only-m">{user.role}</div>
            </td>
            <td className="hide-m" title={user.managed ? 'from the groups of the sign-in provider' : undefined}>
              {user.role}
            </td>
            <td>
              <StateChip user={user} />
            </td>
            <td className="p2">{factorWords(user)}</td>
            <td className="p2">{user.seenAt === null ? <span className="t3">not signed in</span> : <Ago at={user.seenAt} />}</td>
            <td className="num">
              {onChoose ? (
                <Button small onClick={() => onChoose(user.id)} aria-label={`Manage ${user.name}`}>
                  Manage…
                </Button>
              ) : null}
            </td>
          </tr>
        ))}
      </tbody>
    </TableFrame>
  );
}

function StateChip({ user }: { user: User }) {
  if (user.state === 'disabled')
    return (
      <Chip tone="neutral" mark="skip">
        disabled
      </Chip>
    );
  if (user.state === 'invited')
    return (
      <Chip tone="accent" mark="wait">
        invited
      </Chip>
    );
  return (
    <Chip tone="ok" mark="ok">
      active
    </Chip>
  );
}

function factorWords({ ways }: User) {
  const words = [
    ...(ways.totp ? ['app'] : []),
    ...(ways.passkeys > 0 ? [ways.passkeys === 1 ? 'passkey' : `${ways.passkeys} passkeys`] : []),
  ];
  return words.length > 0 ? words.join(', ') : <span className="t3">{ways.oidc && !ways.password ? 'the provider’s' : 'none'}</span>;
}
