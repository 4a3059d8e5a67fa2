'use client';
import { type FormEvent, useEffect, useState } from 'react';
import { useAddSilence } from '#client/silences.ts';
import { Button } from '#components/ui/button.tsx';
import { Dialog } from '#components/ui/dialog.tsx';
import { SelectField, TextField } from '#components/ui/field.tsx';
import { consoleNow } from '#components/ui/now.tsx';
import { INCIDENT_RULES, RULE_KEYS } from '#shared/incident-rules.ts';
import { fieldErrors, Problem } from './problem.tsx';

export type SilenceStart = { selector: string; rule: string };
const HOURS = [
  ['1', '1 hour'],
  ['2', '2 hours'],
  ['8', '8 hours'],
  ['24', '1 day'],
  ['168', '7 days'],
  ['720', '30 days, the most'],
] as const;
const SHOWN = ['selector', 'reason', 'endsAt'];

/** `start` null: closed. */
export function SilenceDialog({ start, onClose }: { start: SilenceStart | null; onClose: () => void }) {
  const add = useAddSilence();
  const [form, setForm] = useState({ selector: '', rule: '', hours: '2', reason: '' });
  const set = (key: keyof typeof form) => (event: { target: { value: string } }) => setForm({ ...form, [key]: event.target.value });
  useEffect(() => {
    if (start) setForm({ ...start, hours: '2', reason: '' });
  }, [start]);
  const wrong = fieldErrors(add.error);
  const close = () => {
    add.reset();
    onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const endsAt = new Date(consoleNow() + Number(form.hours) * 3_600_000).toISOString();
    const matchers = form.rule === '' ? [] : [{ name: 'alertname', value: form.rule }];
    add.mutate({ selector: form.selector.trim() || '*', matchers, reason: form.reason, endsAt }, { onSuccess: close });
  };
  return (
    <Dialog
      open={start !== null}
      onClose={close}
      title="New silence"
      lead="What it covers is evaluated and shown, and nobody is told. What still fires at its end is told then."
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button look="primary" type="submit" form="new-silence" disabled={add.isPending}>
            Silence
          </Button>
        </>
      }
    >
      <form id="new-silence" className="dlg-b" onSubmit={submit} noValidate>
        <TextField
          label="Nodes"
          className="mono"
          help="A selector of names and labels: name=edge-07, group=edge; * for all"
          value={form.selector}
          error={wrong.selector}
          onChange={set('selector')}
        />
        <div className="form-row">
          <SelectField label="Rule" value={form.rule} onChange={set('rule')}>
            <option value="">Every rule</option>
            {RULE_KEYS.map((key) => (
              <option key={key} value={key}>
                {INCIDENT_RULES[key].title}
              </option>
            ))}
          </SelectField>
          <SelectField label="Ends in" value={form.hours} error={wrong.endsAt} onChange={set('hours')}>
            {HOURS.map(([hours, words]) => (
              <option key={hours} value={hours}>
                {words}
              </option>
            ))}
          </SelectField>
        </div>
        <TextField
          label="Reason"
          help="Whoever wonders why nobody was told reads it"
          value={form.reason}
          error={wrong.reason}
          onChange={set('reason')}
        />
        <Problem error={add.error} shown={SHOWN} />
      </form>
    </Dialog>
  );
}
