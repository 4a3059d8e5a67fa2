import { KeyRound } from 'lucide-react';
import { Button } from '#components/ui/button.tsx';
import { SelectField, TextField } from '#components/ui/field.tsx';
import { type Form, newWebhookKey } from './channel-draft.ts';

type Fields = {
  form: Form;
  set: (patch: Partial<Form>) => void;
  wrong: Record<string, string> /** a secret is sealed already */;
  kept: boolean;
};

const STAYS = 'Sealed. Left empty, it stays; it must be given again for another host';

/** What each kind needs to know of its receiver. */
export function TargetFields(props: Fields) {
  switch (props.form.kind) {
    case 'slack':
      return <Secret {...props} label="Incoming webhook" help="https://hooks.slack.com/services/…; the URL is the secret" />;
    case 'pagerduty':
      return (
        <>
          <Secret {...props} label="Integration key" help="Of an Events API v2 integration: 32 letters and digits" />
          <Address
            {...props}
            label="Address"
            help="Empty: https://events.pagerduty.com/v2/enqueue. In the EU: https://events.eu.pagerduty.com/v2/enqueue"
          />
        </>
      );
    case 'webhook':
      return (
        <>
          <Address {...props} label="Address" help="A POST of JSON, signed as standardwebhooks.com says" />
          <Secret {...props} label="Signing key" help="Copy it to the receiver now: it is not shown again" open>
            <Button small onClick={() => props.set({ secret: newWebhookKey() })}>
              <KeyRound className="i s" aria-hidden="true" />
              Make a key
            </Button>
          </Secret>
        </>
      );
    case 'alertmanager':
      return (
        <>
          <Address {...props} label="Address" help="http://alertmanager:9093; every signal is pushed to its /api/v2/alerts" />
          <Secret {...props} label="Authorization" help="If it needs one: Bearer …, or Basic …" />
        </>
      );
    case 'email':
      return <MailFields {...props} />;
  }
}

type Labels = { label: string; help: string };

function Address({ form, set, wrong, label, help }: Fields & Labels) {
  return (
    <TextField
      label={label}
      className="mono"
      help={help}
      value={form.url}
      error={wrong['target.url']}
      onChange={({ target }) => set({ url: target.value })}
    />
  );
}

function Secret({ form, set, wrong, kept, label, help, open, children }: Fields & Labels & { open?: boolean; children?: React.ReactNode }) {
  return (
    <>
      <TextField
        label={label}
        className="mono"
        type={open ? 'text' : 'password'}
        help={kept ? STAYS : help}
        value={form.secret}
        error={wrong.secret}
        onChange={({ target }) => set({ secret: target.value })}
      />
      {children ? <div className="row">{children}</div> : null}
    </>
  );
}

function MailFields(props: Fields) {
  const { form, set, wrong } = props;
  const text = (name: 'host' | 'port' | 'user' | 'from' | 'to', label: string, help?: string) => (
    <TextField
      label={label}
      {...(help !== undefined && { help })}
      value={form[name]}
      error={wrong[`target.${name}`] ?? wrong[`target.${name}.0`]}
      onChange={({ target }) => set({ [name]: target.value })}
    />
  );
  return (
    <>
      <div className="form-row">
        {text('host', 'Mail server')}
        {text('port', 'Port')}
        <SelectField
          label="TLS"
          value={form.tls}
          error={wrong['target.tls']}
          onChange={({ target }) =>
            set({ tls: (['starttls', 'implicit', 'none'] as const).find((tls) => tls === target.value) ?? 'starttls' })
          }
        >
          <option value="starttls">STARTTLS, required</option>
          <option value="implicit">from the start (465)</option>
          <option value="none">none</option>
        </SelectField>
      </div>
      <div className="form-row">
        {text('user', 'User', 'Empty: no sign-in')}
        <Secret {...props} label="Password" help="Sealed at once" />
      </div>
      <div className="form-row">
        {text('from', 'From')}
        {text('to', 'To', 'Several with commas')}
      </div>
    </>
  );
}
