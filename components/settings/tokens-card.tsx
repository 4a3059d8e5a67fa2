'use client';
import { KeyRound, Trash2, Unplug } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import type { z } from 'zod';
import { useCreateToken, useRevokeToken, useTokens } from '#client/session.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Card } from '#components/ui/card.tsx';
import { Chip } from '#components/ui/chip.tsx';
import { CodeBlock } from '#components/ui/code-block.tsx';
import { DangerDialog, Dialog } from '#components/ui/dialog.tsx';
import { asProblem } from '#components/ui/error-state.tsx';
import { SelectField, TextField } from '#components/ui/field.tsx';
import { Ago, useNow } from '#components/ui/now.tsx';
import { ProblemNote } from '#components/ui/problem-note.tsx';
import { RowsToCome } from '#components/ui/rows-to-come.tsx';
import { ActionsHead, TableFrame } from '#components/ui/table.tsx';
import { ROLES, tokenInputSchema, type tokenSchema } from '#shared/access.ts';
import { formatDuration, formatInstant } from '#shared/units/time.ts';
import { checkForm, type FieldErrors, fieldErrorsOf } from './form-errors.ts';

type Token = z.infer<typeof tokenSchema>;

export function TokensCard({ mayRead, mayWrite, known }: { mayRead: boolean; mayWrite: boolean; known: boolean }) {
  const [adding, setAdding] = useState(false);
  const [revoking, setRevoking] = useState<Token | null>(null);
  return (
    <Card
      flush
      title="API tokens"
      meta="for scripts and CI; a token has one role and an end"
      end={
        mayWrite ? (
          <Button small onClick={() => setAdding(true)}>
            <KeyRound className="i s" aria-hidden="true" />
            New token…
          </Button>
        ) : null
      }
    >
      {mayRead ? (
        <TokenTable onRevoke={mayWrite ? setRevoking : null} />
      ) : (
        <p className="no-points">{known ? 'Tokens are the admin’s to see and give.' : ''}</p>
      )}
      <NewTokenDialog open={adding} onClose={() => setAdding(false)} />
      <RevokeDialog token={revoking} onClose={() => setRevoking(null)} />
    </Card>
  );
}

function TokenTable({ onRevoke }: { onRevoke: ((token: Token) => void) | null }) {
  const { data, error, refetch } = useTokens();
  const now = useNow();
  if (!data) return <RowsToCome error={error} onRetry={() => void refetch()} />;
  if (data.tokens.length === 0) return <p className="no-points">No tokens yet. A script signs in with one: Authorization: Bearer hr_…</p>;
  return (
    <TableFrame label="API tokens">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Role</th>
          <th scope="col" className="p2">
            Begins with
          </th>
          <th scope="col">Last used</th>
          <th scope="col">Ends in</th>
          <ActionsHead />
        </tr>
      </thead>
      <tbody>
        {data.tokens.map((token) => {
          const left = (Date.parse(token.expiresAt) - now) / 1000;
          return (
            <tr key={token.id}>
              <td className="name">{token.name}</td>
              <td>
                {token.role}
                {token.selector === null ? null : (
                  <>
                    {' on '}
                    <code>{token.selector}</code>
                  </>
                )}
              </td>
              <td className="p2">
                <code className="t3">{token.prefix}…</code>
              </td>
              <td>{token.lastUsedAt === null ? <span className="t3">never</span> : <Ago at={token.lastUsedAt} />}</td>
              <td title={formatInstant(Date.parse(token.expiresAt))}>
                {left <= 0 ? (
                  <Chip tone="neutral" mark="skip">
                    ended
                  </Chip>
                ) : (
                  formatDuration(left)
                )}
              </td>
              <td className="num">
                {onRevoke ? (
                  <Button small look="danger" onClick={() => onRevoke(token)}>
                    Revoke…
                  </Button>
                ) : null}
              </td>
            </tr>
          );
        })}
      </tbody>
    </TableFrame>
  );
}

function NewTokenDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const create = useCreateToken();
  const [input, setInput] = useState({ name: '', role: 'viewer', expiresInDays: '90', selector: '' });
  const [wrong, setWrong] = useState<FieldErrors>({});
  const close = () => {
    create.reset();
    setInput({ name: '', role: 'viewer', expiresInDays: '90', selector: '' });
    setWrong({});
    onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const checked = checkForm(tokenInputSchema, {
      ...input,
      expiresInDays: Number(input.expiresInDays),
      selector: input.selector.trim() === '' ? null : input.selector,
    });
    setWrong(checked.ok ? {} : checked.errors);
    if (checked.ok)
      create.mutate({ ...checked.value, selector: checked.value.selector ?? null }, { onError: (error) => setWrong(fieldErrorsOf(error)) });
  };
  const made = create.data;
  if (made)
    return (
      <Dialog
        open={open}
        onClose={close}
        title={`Token ${made.name}`}
        lead="It is shown now and never again: only its hash is kept."
        footer={<Button onClick={close}>I have copied it</Button>}
      >
        <div className="dlg-b">
          <CodeBlock label="token" text={made.token} />
        </div>
      </Dialog>
    );
  return (
    <Dialog
      open={open}
      onClose={close}
      title="New API token"
      lead="Give the least role that does the job."
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button look="primary" type="submit" form="new-token" disabled={create.isPending}>
            Create token
          </Button>
        </>
      }
    >
      <form id="new-token" className="dlg-b" onSubmit={submit} noValidate>
        <TextField
          label="Name"
          help="Who or what uses it: ci, grafana, backup"
          value={input.name}
          error={wrong.name}
          onChange={(event) => setInput({ ...input, name: event.target.value })}
        />
        <div className="form-row">
          <SelectField
            label="Role"
            value={input.role}
            error={wrong.role}
            onChange={(event) => setInput({ ...input, role: event.target.value })}
          >
            {ROLES.map((role) => (
              <option key={role} value={role}>
                {role}
              </option>
            ))}
          </SelectField>
          <TextField
            label="Good for"
            unit="days"
            inputMode="numeric"
            value={input.expiresInDays}
            error={wrong.expiresInDays}
            onChange={(event) => setInput({ ...input, expiresInDays: event.target.value })}
          />
        </div>
        <TextField
          label="On which nodes"
          className="mono"
          placeholder="everywhere"
          help="A selector over labels, name and id, like group=edge. It never does more than you may yourself."
          value={input.selector}
          error={wrong.selector}
          onChange={(event) => setInput({ ...input, selector: event.target.value })}
        />
        {create.error && Object.keys(wrong).length === 0 ? (
          <Callout tone="danger" live>
            {asProblem(create.error).detail}
          </Callout>
        ) : null}
      </form>
    </Dialog>
  );
}

function RevokeDialog({ token, onClose }: { token: Token | null; onClose: () => void }) {
  const revoke = useRevokeToken();
  return (
    <DangerDialog
      open={token !== null}
      title={`Revoke the token ${token?.name ?? ''}?`}
      effects={[
        {
          key: 'now',
          icon: <Unplug className="i s" aria-hidden="true" />,
          text: 'Whatever uses it gets 401 from now on, open streams end',
        },
        { key: 'back', icon: <Trash2 className="i s" aria-hidden="true" />, text: 'There is no way back; a new token is one click' },
      ]}
      keep="Keep it"
      act="Revoke the token"
      busy={revoke.isPending}
      problem={<ProblemNote error={revoke.error} />}
      onAct={() => token && revoke.mutate(token.id, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
