'use client';
import { type FormEvent, useEffect, useState } from 'react';
import { useSetRule } from '#client/alert-rules.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Dialog } from '#components/ui/dialog.tsx';
import { TextField } from '#components/ui/field.tsx';
import { Segmented } from '#components/ui/segmented.tsx';
import { type AlertRule, RULE_MODES, type RuleMode } from '#shared/alert-rules.ts';
import { INCIDENT_RULES } from '#shared/incident-rules.ts';
import { fieldErrors, Problem } from './problem.tsx';
import { RuleReplay } from './rule-replay.tsx';
import { MODE_LOOKS } from './words.ts';

type Form = { mode: RuleMode; threshold: string; clear: string; forSeconds: string; clearForSeconds: string; reason: string };
const NUMBERS = ['threshold', 'clear', 'forSeconds', 'clearForSeconds'] as const;
const SHOWN = NUMBERS.map((name) => `thresholds.${name}`);
const formOf = ({ mode, numbers: n }: AlertRule): Form => ({
  ...{ mode, reason: '' },
  ...{
    threshold: String(n.threshold),
    clear: String(n.clear),
    forSeconds: String(n.forSeconds),
    clearForSeconds: String(n.clearForSeconds),
  },
});

/** What it would have done over stored history stands beside what it does, before it is saved. */
export function RuleDialog({ rule, onClose }: { rule: AlertRule | null; onClose: () => void }) {
  const save = useSetRule();
  const [form, setForm] = useState<Form | null>(null);
  useEffect(() => setForm(rule ? formOf(rule) : null), [rule]);
  const close = () => {
    save.reset();
    onClose();
  };
  if (!rule || !form) return <Dialog open={false} onClose={close} title="" />;
  const spec = INCIDENT_RULES[rule.rule];
  const wanted = Object.fromEntries(NUMBERS.map((name) => [name, Number(form[name])])) as AlertRule['numbers'];
  const changed = NUMBERS.filter((name) => wanted[name] !== rule.numbers[name]);
  const set = (patch: Partial<Form>) => setForm({ ...form, ...patch });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const thresholds = Object.fromEntries(changed.map((name) => [name, wanted[name]]));
    save.mutate({ rule, input: { mode: form.mode, thresholds, reason: form.reason } }, { onSuccess: close });
  };
  return (
    <Dialog
      open
      onClose={close}
      title={spec.title}
      lead={spec.about}
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            look="primary"
            type="submit"
            form="edit-rule"
            disabled={save.isPending || (changed.length === 0 && form.mode === rule.mode)}
          >
            {saveWords(rule.mode, form.mode)}
          </Button>
        </>
      }
    >
      <form id="edit-rule" className="dlg-b" onSubmit={submit} noValidate>
        <div className="row wrap">
          <Segmented
            label="Mode"
            options={RULE_MODES.map((value) => ({ value, label: MODE_LOOKS[value].word }))}
            value={form.mode}
            onChange={(mode) => set({ mode })}
          />
          <span className="help">{MODE_WORDS[form.mode]}</span>
        </div>
        <Numbers rule={rule} form={form} set={set} wrong={fieldErrors(save.error)} />
        <RuleReplay rule={rule.rule} before={rule.numbers} after={wanted} />
        {form.mode === 'off' && rule.mode !== 'off' ? (
          <Callout tone="warn">
            Switched off, it is not evaluated: what fires by it now is closed, and its history has a gap. Shadow keeps the record.
          </Callout>
        ) : null}
        <TextField
          label="Reason"
          help="Kept in the audit with the numbers before and after"
          value={form.reason}
          onChange={(event) => set({ reason: event.target.value })}
        />
        <Problem error={save.error} shown={SHOWN} />
      </form>
    </Dialog>
  );
}

const MODE_WORDS: Record<RuleMode, string> = {
  on: 'evaluated, recorded, and who should know is told',
  shadow: 'evaluated and recorded; nobody is told',
  off: 'not evaluated',
};

function saveWords(before: RuleMode, after: RuleMode): string {
  if (before !== 'on' && after === 'on') return 'Save and switch on';
  return before !== after ? `Save, ${MODE_LOOKS[after].word.toLowerCase()}` : 'Save';
}

function Numbers({
  rule,
  form,
  set,
  wrong,
}: {
  rule: AlertRule;
  form: Form;
  set: (patch: Partial<Form>) => void;
  wrong: Record<string, string>;
}) {
  const { bad, unit } = INCIDENT_RULES[rule.rule];
  const field = (name: (typeof NUMBERS)[number], label: string, measure: string) => (
    <TextField
      label={label}
      unit={measure}
      inputMode="decimal"
      value={form[name]}
      error={wrong[`thresholds.${name}`]}
      onChange={(event) => set({ [name]: event.target.value })}
    />
  );
  return (
    <>
      {bad === 'state' ? null : (
        <div className="form-row">
          {field('threshold', bad === 'above' ? 'Fires above' : 'Fires below', unit)}
          {field('clear', bad === 'above' ? 'Over below' : 'Over above', unit)}
        </div>
      )}
      <div className="form-row">
        {field('forSeconds', 'Must hold for', 's')}
        {field('clearForSeconds', 'Over after', 's')}
      </div>
    </>
  );
}
