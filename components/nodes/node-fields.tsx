'use client';
import { type FormEvent, type ReactNode, useState } from 'react';
import { isProblemError } from '#client/http.ts';
import { Button } from '#components/ui/button.tsx';
import { SelectField, TextField } from '#components/ui/field.tsx';
import { ProblemNote } from '#components/ui/problem-note.tsx';
import type { NodeInput } from '#shared/nodes.ts';
import { byField, inputOf, type NodeDraft } from './node-draft.ts';

/** How a node is called and reached. The same fields add one and change one. */
export function NodeFields({
  first,
  busy,
  act,
  note,
  error,
  onSubmit,
  children,
}: {
  first: NodeDraft;
  busy: boolean;
  act: string;
  note: string;
  error: unknown;
  onSubmit: (input: NodeInput) => void;
  children?: ReactNode;
}) {
  const [draft, setDraft] = useState(first);
  const [mine, setMine] = useState<Record<string, string>>({});
  const theirs = isProblemError(error) ? byField(error.fields) : {};
  const wrong = { ...theirs, ...mine };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const result = inputOf(draft);
    setMine(result.ok ? {} : result.errors);
    if (result.ok) onSubmit(result.input);
  };
  const field = (name: keyof NodeDraft, fault = wrong[name]) => ({
    value: draft[name],
    error: fault,
    onChange: (event: { target: { value: string } }) => setDraft((before) => ({ ...before, [name]: event.target.value })),
  });
  return (
    <form className="form" onSubmit={submit} noValidate>
      <div className="form-row">
        <TextField label="Name" help="As it will be called everywhere: edge-fra-03" {...field('name')} />
        <TextField label="Labels" help="zone=eu group=edge canary" {...field('labels')} />
      </div>
      <div className="form-row">
        <TextField label="Host" help="Name or address that this console reaches" {...field('host')} />
        <TextField label="SSH port" inputMode="numeric" {...field('sshPort')} />
        <TextField label="User" {...field('user')} />
      </div>
      <div className="form-row">
        <SelectField
          label="SSH by"
          help={
            draft.transport === 'openssh' ? 'jump hosts, user certificates' : 'one warm session a node; a jump host needs the system’s ssh'
          }
          {...field('transport')}
        >
          <option value="ssh2">the console itself</option>
          <option value="openssh">the system’s ssh</option>
        </SelectField>
        {draft.transport === 'openssh' ? (
          <>
            <TextField label="Through a jump host" placeholder="none" help="sre@bastion.example:22" {...field('proxyJump')} />
            {draft.proxyJump.trim() === '' ? null : (
              <TextField
                label="Fingerprint of the jump host’s key"
                className="mono"
                placeholder="SHA256:…"
                help="as ssh-keygen -lf prints it on the jump host"
                {...field('proxyJumpKey')}
              />
            )}
          </>
        ) : null}
      </div>
      <div className="form-row">
        <TextField label="systemd unit" {...field('unit')} />
        <TextField label="config.yaml" {...field('configPath')} />
      </div>
      <div className="form-row">
        <SelectField label="Metrics page is read" {...field('via')}>
          <option value="ssh">through SSH</option>
          <option value="http">by HTTP</option>
          <option value="none">not at all: count fds over SSH</option>
        </SelectField>
        {draft.via === 'none' ? null : (
          <TextField
            label="Metrics URL"
            help={draft.via === 'ssh' ? 'As seen from the node itself' : 'As seen from this console'}
            {...field('url', wrong['metrics.url'] ?? wrong.metrics)}
          />
        )}
      </div>
      <ProblemNote error={error} />
      <div className="form-foot">
        <Button look="primary" type="submit" disabled={busy}>
          {act}
        </Button>
        {children}
        <span className="sm t3">{note}</span>
      </div>
    </form>
  );
}
