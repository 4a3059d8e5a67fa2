'use client';
import { ShieldCheck } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import type { z } from 'zod';
import { type GrantChange, useGrants, useRemoveGrant, useSaveGrant } from '#client/grants.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Card } from '#components/ui/card.tsx';
import { DangerDialog, Dialog } from '#components/ui/dialog.tsx';
import { asProblem } from '#components/ui/error-state.tsx';
import { SelectField, TextField } from '#components/ui/field.tsx';
import { ProblemNote } from '#components/ui/problem-note.tsx';
import { RowsToCome } from '#components/ui/rows-to-come.tsx';
import { ActionsHead, TableFrame } from '#components/ui/table.tsx';
import { type grantSchema, ROLES } from '#shared/access.ts';
import { fieldErrorsOf } from './form-errors.ts';

type Grant = z.infer<typeof grantSchema>;
type Editing = { grant: Grant } | { people: readonly Grant[] } | null;

/** Who may what, and on which nodes. */
export function GrantsCard({ mayRead, mayWrite, known }: { mayRead: boolean; mayWrite: boolean; known: boolean }) {
  const [editing, setEditing] = useState<Editing>(null);
  const [removing, setRemoving] = useState<Grant | null>(null);
  const grants = useGrants(mayRead);
  const people = grants.data?.grants.filter((grant) => grant.base) ?? [];
  if (!mayRead)
    return (
      <Card title="Who may what" meta="roles, and the nodes that they hold on">
        <p className="no-points">{known ? 'What people may is the admin’s to see and give.' : ''}</p>
      </Card>
    );
  return (
    <Card
      flush
      title="Who may what"
      meta="a role holds everywhere, or on the nodes of a selector; a person may have several"
      end={
        mayWrite && people.length > 0 ? (
          <Button small onClick={() => setEditing({ people })}>
            <ShieldCheck className="i s" aria-hidden="true" />
            New grant…
          </Button>
        ) : null
      }
    >
      {grants.data ? (
        <GrantTable grants={grants.data.grants} {...(mayWrite && { onEdit: (grant) => setEditing({ grant }), onRemove: setRemoving })} />
      ) : (
        <RowsToCome error={grants.error} onRetry={() => void grants.refetch()} />
      )}
      {editing ? <GrantDialog editing={editing} onClose={() => setEditing(null)} /> : null}
      <RemoveDialog grant={removing} onClose={() => setRemoving(null)} />
    </Card>
  );
}

type Acts = { onEdit?: (grant: Grant) => void; onRemove?: (grant: Grant) => void };

function GrantTable({ grants, onEdit, onRemove }: { grants: readonly Grant[] } & Acts) {
  if (grants.length === 0) return <p className="no-points">No people yet: this console is used with API tokens alone.</p>;
  return (
    <TableFrame label="Who may what">
      <thead>
        <tr>
          <th scope="col">Person</th>
          <th scope="col">Role</th>
          <th scope="col">Where</th>
          <ActionsHead />
        </tr>
      </thead>
      <tbody>
        {grants.map((grant) => (
          <tr key={grant.id}>
            <td className="name" title={grant.email}>
              {grant.base ? grant.user : <span className="t3 font-normal">and</span>}
              {grant.base ? null : <span className="vh"> {grant.user}</span>}
            </td>
            <td>{grant.role}</td>
            <td>{grant.selector === null ? 'everywhere' : <code>{grant.selector}</code>}</td>
            <td className="num">
              {onEdit ? (
                <Button small onClick={() => onEdit(grant)}>
                  Change…
                </Button>
              ) : null}{' '}
              {onRemove && !grant.base ? (
                <Button small look="danger" onClick={() => onRemove(grant)}>
                  Take away…
                </Button>
              ) : null}
            </td>
          </tr>
        ))}
      </tbody>
    </TableFrame>
  );
}

function GrantDialog({ editing, onClose }: { editing: NonNullable<Editing>; onClose: () => void }) {
  const save = useSaveGrant();
  const grant = 'grant' in editing ? editing.grant : null;
  const people = 'people' in editing ? editing.people : [];
  const [input, setInput] = useState({
    userId: grant?.userId ?? people[0]?.userId ?? '',
    role: grant?.role ?? 'operator',
    selector: grant?.selector ?? '',
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const selector = input.selector.trim() === '' ? null : input.selector.trim();
    const change: GrantChange = { role: input.role, selector, ...(grant ? { id: grant.id } : { userId: input.userId }) };
    save.mutate(change, { onSuccess: onClose });
  };
  const problem = save.error ? asProblem(save.error) : null;
  const wrong = fieldErrorsOf(save.error);
  return (
    <Dialog
      open
      onClose={onClose}
      title={grant ? `What ${grant.user} may` : 'New grant'}
      lead="What somebody may is the sum of their grants. Each change of one is in the audit."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" form="grant-form" disabled={save.isPending}>
            {grant ? 'Change it' : 'Grant it'}
          </Button>
        </>
      }
    >
      <form id="grant-form" className="dlg-b form" onSubmit={submit}>
        {grant ? null : (
          <SelectField label="Person" value={input.userId} onChange={(event) => setInput({ ...input, userId: event.target.value })}>
            {people.map((person) => (
              <option key={person.userId} value={person.userId}>
                {person.user} ({person.email})
              </option>
            ))}
          </SelectField>
        )}
        <SelectField
          label="Role"
          value={input.role}
          onChange={(event) => setInput({ ...input, role: ROLES.find((role) => role === event.target.value) ?? 'viewer' })}
        >
          {ROLES.map((role) => (
            <option key={role}>{role}</option>
          ))}
        </SelectField>
        <TextField
          label="On which nodes"
          className="mono"
          placeholder="everywhere"
          help="A selector over labels, name and id, like group=edge; nothing is everywhere. What a node is doing grants nothing."
          value={input.selector}
          onChange={(event) => setInput({ ...input, selector: event.target.value })}
          error={wrong.selector}
        />
        {problem && Object.keys(wrong).length === 0 ? (
          <Callout tone="danger" live>
            {problem.detail}
          </Callout>
        ) : null}
      </form>
    </Dialog>
  );
}

function RemoveDialog({ grant, onClose }: { grant: Grant | null; onClose: () => void }) {
  const remove = useRemoveGrant();
  const where = grant?.selector == null ? 'everywhere' : `on ${grant.selector}`;
  return (
    <DangerDialog
      open={grant !== null}
      title={`Take ${grant?.role ?? 'a role'} ${where} from ${grant?.user ?? 'them'}?`}
      effects={[
        {
          key: 'now',
          icon: <ShieldCheck className="i s" aria-hidden="true" />,
          text: 'From their next request on they may do less, and so may every token that they made',
        },
      ]}
      keep="Keep it"
      act="Take it away"
      busy={remove.isPending}
      problem={<ProblemNote error={remove.error} />}
      onAct={() => grant && remove.mutate(grant.id, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
