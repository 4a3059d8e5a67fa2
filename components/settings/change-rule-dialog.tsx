'use client';
import { type FormEvent, useState } from 'react';
import { useAddChangeRule } from '#client/change-rules.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Checkbox } from '#components/ui/checkbox.tsx';
import { Dialog } from '#components/ui/dialog.tsx';
import { asProblem } from '#components/ui/error-state.tsx';
import { SelectField, TextField } from '#components/ui/field.tsx';
import { changeRuleInputSchema, WEEKDAYS, type Weekday } from '#shared/change-rules.ts';
import { checkForm, type FieldErrors, fieldErrorsOf } from './form-errors.ts';

type Form = {
  kind: string;
  selector: string;
  reason: string;
  from: string;
  to: string;
  opens: string;
  closes: string;
  timeZone: string;
  days: Weekday[];
};
const EMPTY: Form = {
  kind: 'freeze',
  selector: '*',
  reason: '',
  from: '',
  to: '',
  opens: '22:00',
  closes: '05:00',
  timeZone: 'UTC',
  days: ['mon', 'tue', 'wed', 'thu'],
};
const KINDS = [
  ['freeze', 'Freeze: no change in a span of time'],
  ['window', 'Maintenance window: changes only in it'],
  ['approval', 'Second person: every change needs one more'],
] as const;

/** `2026-11-27T08:00`, as the field gives it, is taken as UTC, like every time of this console. */
const instant = (local: string): string => (local === '' ? '' : `${local.slice(0, 16)}:00.000Z`);

function asInput(form: Form): unknown {
  const { kind, selector, reason } = form;
  if (kind === 'freeze') return { kind, selector, reason, from: instant(form.from), to: instant(form.to) };
  if (kind === 'window') return { kind, selector, reason, days: form.days, from: form.opens, to: form.closes, timeZone: form.timeZone };
  return { kind, selector, reason };
}

export function ChangeRuleDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const add = useAddChangeRule();
  const [form, setForm] = useState(EMPTY);
  const [wrong, setWrong] = useState<FieldErrors>({});
  const set = (patch: Partial<Form>) => setForm({ ...form, ...patch });
  const close = () => {
    add.reset();
    setForm(EMPTY);
    setWrong({});
    onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const checked = checkForm(changeRuleInputSchema, asInput(form));
    setWrong(checked.ok ? {} : checked.errors);
    if (checked.ok) add.mutate(checked.value, { onSuccess: close, onError: (error) => setWrong(fieldErrorsOf(error)) });
  };
  return (
    <Dialog
      open={open}
      onClose={close}
      title="New rule for changes"
      lead="It holds for runs that change nodes; looking, dry runs and rollbacks are free."
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button look="primary" type="submit" form="new-rule" disabled={add.isPending}>
            Add rule
          </Button>
        </>
      }
    >
      <form id="new-rule" className="dlg-b" onSubmit={submit} noValidate>
        <SelectField label="Kind" value={form.kind} onChange={(event) => set({ kind: event.target.value })}>
          {KINDS.map(([kind, words]) => (
            <option key={kind} value={kind}>
              {words}
            </option>
          ))}
        </SelectField>
        <TextField
          label="Nodes"
          help="A selector: * for all, group=edge, name~web-*"
          value={form.selector}
          error={wrong.selector}
          onChange={(event) => set({ selector: event.target.value })}
        />
        {form.kind === 'freeze' ? <FreezeFields form={form} wrong={wrong} set={set} /> : null}
        {form.kind === 'window' ? <WindowFields form={form} wrong={wrong} set={set} /> : null}
        <TextField
          label="Reason"
          help="Whoever is held by the rule reads it"
          value={form.reason}
          error={wrong.reason}
          onChange={(event) => set({ reason: event.target.value })}
        />
        {add.error && Object.keys(wrong).length === 0 ? (
          <Callout tone="danger" live>
            {asProblem(add.error).detail}
          </Callout>
        ) : null}
      </form>
    </Dialog>
  );
}

type FieldsProps = { form: Form; wrong: FieldErrors; set: (patch: Partial<Form>) => void };

function FreezeFields({ form, wrong, set }: FieldsProps) {
  return (
    <div className="form-row">
      <TextField
        label="From, UTC"
        type="datetime-local"
        value={form.from}
        error={wrong.from}
        onChange={(event) => set({ from: event.target.value })}
      />
      <TextField
        label="To, UTC"
        type="datetime-local"
        value={form.to}
        error={wrong.to}
        onChange={(event) => set({ to: event.target.value })}
      />
    </div>
  );
}

function WindowFields({ form, wrong, set }: FieldsProps) {
  const toggle = (day: Weekday) => set({ days: WEEKDAYS.filter((d) => (d === day ? !form.days.includes(d) : form.days.includes(d))) });
  return (
    <>
      <fieldset className="field">
        <legend className="label">Days on which it opens</legend>
        <div className="row wrap">
          {WEEKDAYS.map((day) => (
            <span key={day} className="row">
              <Checkbox label={day} checked={form.days.includes(day)} onChange={() => toggle(day)} />
              <span aria-hidden="true">{day}</span>
            </span>
          ))}
        </div>
        {wrong.days ? <p className="field-err">{wrong.days}</p> : null}
      </fieldset>
      <div className="form-row">
        <TextField
          label="Opens"
          type="time"
          value={form.opens}
          error={wrong.from}
          onChange={(event) => set({ opens: event.target.value })}
        />
        <TextField
          label="Closes"
          type="time"
          value={form.closes}
          error={wrong.to}
          onChange={(event) => set({ closes: event.target.value })}
        />
        <TextField
          label="Time zone"
          help="UTC, Europe/Berlin"
          value={form.timeZone}
          error={wrong.timeZone}
          onChange={(event) => set({ timeZone: event.target.value })}
        />
      </div>
    </>
  );
}
