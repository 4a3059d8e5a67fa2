'use client';
import { type FormEvent, useEffect, useState } from 'react';
import { useSaveChannel } from '#client/notify.ts';
import { Button } from '#components/ui/button.tsx';
import { Checkbox } from '#components/ui/checkbox.tsx';
import { Dialog } from '#components/ui/dialog.tsx';
import { AreaField, SelectField, TextField } from '#components/ui/field.tsx';
import { SEVERITIES } from '#shared/incident-rules.ts';
import { CHANNEL_KINDS, type Channel } from '#shared/notify.ts';
import { draftOf, type Form, formOf } from './channel-draft.ts';
import { TargetFields } from './channel-fields.tsx';
import { fieldErrors, Problem } from './problem.tsx';
import { CHANNEL_NAMES, SEVERITY_LOOKS } from './words.ts';

const SHOWN = [
  'name',
  'secret',
  'target.url',
  'target.host',
  'target.port',
  'target.from',
  'target.tls',
  'route.selector',
  'route.rules',
  'route.severities',
];

/** `new`: an empty one; null: closed. */
export function ChannelDialog({ channel, onClose }: { channel: Channel | 'new' | null; onClose: () => void }) {
  const save = useSaveChannel();
  const before = channel === 'new' ? null : channel;
  const [form, setForm] = useState<Form>(formOf(null));
  useEffect(() => setForm(formOf(before)), [before]);
  const set = (patch: Partial<Form>) => setForm((was) => ({ ...was, ...patch }));
  const wrong = fieldErrors(save.error);
  const close = () => {
    save.reset();
    setForm(formOf(null));
    onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({ draft: draftOf(form), before }, { onSuccess: close });
  };
  return (
    <Dialog
      open={channel !== null}
      onClose={close}
      title={before ? `Channel ${before.name}` : 'New channel'}
      lead="It is told once of each change: when an incident begins, is acknowledged, and is over."
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button look="primary" type="submit" form="edit-channel" disabled={save.isPending}>
            {before ? 'Save' : 'Add channel'}
          </Button>
        </>
      }
    >
      <form id="edit-channel" className="dlg-b" onSubmit={submit} noValidate>
        <div className="form-row">
          <SelectField
            label="Kind"
            value={form.kind}
            onChange={({ target }) => set({ kind: CHANNEL_KINDS.find((kind) => kind === target.value) ?? 'webhook', url: '', secret: '' })}
          >
            {CHANNEL_KINDS.map((kind) => (
              <option key={kind} value={kind}>
                {CHANNEL_NAMES[kind]}
              </option>
            ))}
          </SelectField>
          <TextField
            label="Name"
            help="Runbooks call it by this"
            value={form.name}
            error={wrong.name}
            onChange={({ target }) => set({ name: target.value })}
          />
        </div>
        <TargetFields form={form} set={set} wrong={wrong} kept={before?.hasSecret === true && before.target.kind === form.kind} />
        <RouteFields form={form} set={set} wrong={wrong} />
        <ReachFields form={form} set={set} />
        <Problem error={save.error} shown={SHOWN} />
      </form>
    </Dialog>
  );
}

type Fields = { form: Form; set: (patch: Partial<Form>) => void; wrong: Record<string, string> };

function RouteFields({ form, set, wrong }: Fields) {
  return (
    <>
      <fieldset className="field">
        <legend className="label">What goes there</legend>
        <div className="row wrap">
          {SEVERITIES.map((severity) => (
            <span key={severity} className="row">
              <Checkbox
                label={SEVERITY_LOOKS[severity].word}
                checked={form.severities.includes(severity)}
                onChange={() => set({ severities: SEVERITIES.filter((s) => (s === severity) !== form.severities.includes(s)) })}
              />
              <span aria-hidden="true">{SEVERITY_LOOKS[severity].word}</span>
            </span>
          ))}
        </div>
        {wrong['route.severities'] ? <p className="field-err">{wrong['route.severities']}</p> : null}
      </fieldset>
      <div className="form-row">
        <TextField
          label="Nodes"
          className="mono"
          help="A selector; * is every node"
          value={form.selector}
          error={wrong['route.selector']}
          onChange={({ target }) => set({ selector: target.value })}
        />
        <TextField
          label="Rules"
          className="mono"
          help="leaking, node-down; empty is every rule"
          value={form.rule}
          error={wrong['route.rules']}
          onChange={({ target }) => set({ rule: target.value })}
        />
      </div>
    </>
  );
}

function ReachFields({ form, set }: Omit<Fields, 'wrong'>) {
  return (
    <>
      <div className="row">
        <Checkbox label="It is used" checked={form.enabled} onChange={() => set({ enabled: !form.enabled })} />
        <span aria-hidden="true">It is used</span>
      </div>
      <div className="row">
        <Checkbox
          label="It may lead to private addresses and to this machine"
          checked={form.allowPrivate}
          onChange={() => set({ allowPrivate: !form.allowPrivate })}
        />
        <span aria-hidden="true">It may lead to private addresses and to this machine</span>
      </div>
      {form.allowPrivate ? (
        <AreaField
          label="Certificate authority, PEM"
          help="Of a receiver whose certificate your own authority issued; else leave it empty"
          rows={3}
          value={form.caCertificate}
          onChange={({ target }) => set({ caCertificate: target.value })}
        />
      ) : null}
    </>
  );
}
