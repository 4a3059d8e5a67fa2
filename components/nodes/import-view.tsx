'use client';
import { type DragEvent, useState } from 'react';
import { useImport, useImportPreview } from '#client/import.ts';
import { may, useSession } from '#client/session.ts';
import { Button, LinkButton } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Card } from '#components/ui/card.tsx';
import { AreaField, SelectField, TextField } from '#components/ui/field.tsx';
import { ProblemNote } from '#components/ui/problem-note.tsx';
import type { ImportFormat, ImportPlan, ImportRequest } from '#shared/node-import.ts';
import { chosenCounts, ImportPlanView } from './import-plan.tsx';

const FORMATS: { value: ImportFormat; title: string; example: string }[] = [
  { value: 'paste', title: 'As one types it, or any of these', example: 'ssh -p 2222 sre@10.0.0.11\nsre@10.0.0.12\n10.0.0.13:2222' },
  { value: 'ssh-config', title: '~/.ssh/config', example: 'Host edge-fra-01\n  HostName 10.0.0.11\n  User sre' },
  { value: 'ansible-ini', title: 'Ansible inventory, INI', example: '[edge]\nedge-fra-[01:04] ansible_user=sre' },
  { value: 'ansible-yaml', title: 'Ansible inventory, YAML', example: 'edge:\n  hosts:\n    edge-fra-01: { ansible_host: 10.0.0.11 }' },
  { value: 'csv', title: 'CSV', example: 'name,host,user,labels\nedge-fra-01,10.0.0.11,sre,zone=eu canary' },
];
const isFormat = (value: string): value is ImportFormat => FORMATS.some((format) => format.value === value);

/** Paste or drop a list of hosts, see what it would do, then store it. */
export function ImportView() {
  const session = useSession();
  if (session.data && !may(session.data, 'node.write'))
    return (
      <Callout tone="unknown">
        Importing nodes needs the admin role; you are {session.data.actor.role}. The console dials only what an admin registered.
      </Callout>
    );
  return (
    <>
      <div className="page-h">
        <div className="grow">
          <h1>Import nodes</h1>
          <p className="sub">
            Nothing is stored before you have seen what would change, and nothing is sent to a host before its key is approved.
          </p>
        </div>
      </div>
      <ImportForm />
    </>
  );
}

function ImportForm() {
  const [format, setFormat] = useState<ImportFormat>('ssh-config');
  const [text, setText] = useState('');
  const [user, setUser] = useState('sre');
  /** what the plan on the page was made from; another text makes it stale */
  const [looked, setLooked] = useState<ImportRequest | null>(null);
  const [leftOut, setLeftOut] = useState<ReadonlySet<string>>(new Set());
  const [key, setKey] = useState('');
  const preview = useImportPreview();
  const store = useImport();
  const request: ImportRequest = { format, text, defaults: user.trim() === '' ? {} : { user: user.trim() } };
  const fresh = looked !== null && JSON.stringify(looked) === JSON.stringify(request);
  const plan: ImportPlan | undefined = store.data ?? (fresh ? preview.data : undefined);
  const chosen = plan ? chosenCounts(plan, leftOut) : { add: 0, change: 0, same: 0, conflict: 0, invalid: 0, 'left-out': 0 };
  const leaveOut = (name: string, out: boolean) =>
    setLeftOut((before) => {
      const next = new Set(before);
      if (out) next.add(name);
      else next.delete(name);
      return next;
    });
  const example = FORMATS.find(({ value }) => value === format)?.example ?? '';

  const look = () => {
    store.reset();
    setKey(crypto.randomUUID());
    setLeftOut(new Set());
    preview.mutate(request, { onSuccess: () => setLooked(request) });
  };
  const take = (file: File | undefined) => {
    if (!file) return;
    void file.text().then((content) => {
      store.reset();
      setText(content);
      setFormat(guess(file.name) ?? format);
    });
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  };
  const problem = preview.error ?? store.error;
  return (
    <div className="stack">
      <Card title="The list">
        <form
          className="form"
          onDrop={onDrop}
          onDragOver={(event) => event.preventDefault()}
          onSubmit={(event) => {
            event.preventDefault();
            look();
          }}
        >
          <div className="form-row">
            <SelectField label="Format" value={format} onChange={({ target }) => isFormat(target.value) && setFormat(target.value)}>
              {FORMATS.map(({ value, title }) => (
                <option key={value} value={value}>
                  {title}
                </option>
              ))}
            </SelectField>
            <TextField
              label="User where the list says none"
              help="A node that is there keeps its own"
              value={user}
              onChange={({ target }) => setUser(target.value)}
            />
          </div>
          <AreaField
            label="Hosts"
            help="Paste it, or drop a file here. What is not understood is said with its line, never guessed."
            rows={10}
            spellCheck={false}
            placeholder={example}
            value={text}
            onChange={({ target }) => {
              store.reset();
              setText(target.value);
            }}
          />
          <ProblemNote error={problem} />
          <div className="form-foot">
            <Button type="submit" look={plan ? 'plain' : 'primary'} disabled={text.trim() === '' || preview.isPending}>
              {preview.isPending ? 'Reading…' : 'Preview'}
            </Button>
          </div>
        </form>
      </Card>
      {plan ? (
        <ImportPlanView plan={plan} leftOut={leftOut} onLeaveOut={leaveOut}>
          {plan.stored ? (
            <LinkButton look="primary" href="/">
              See the fleet
            </LinkButton>
          ) : (
            <Button
              look="primary"
              disabled={chosen.add + chosen.change === 0 || store.isPending}
              onClick={() =>
                store.mutate({ body: { ...request, leaveOut: [...leftOut] }, key: `${key}-${[...leftOut].sort().join()}`.slice(0, 200) })
              }
            >
              {store.isPending ? 'Importing…' : importWords(chosen)}
            </Button>
          )}
        </ImportPlanView>
      ) : null}
    </div>
  );
}

const nodes = (count: number) => `${count} node${count === 1 ? '' : 's'}`;

function importWords(counts: ImportPlan['counts']): string {
  if (counts.add > 0 && counts.change > 0) return `Add ${counts.add} and change ${nodes(counts.change)}`;
  return counts.change > 0 ? `Change ${nodes(counts.change)}` : `Add ${nodes(counts.add)}`;
}

function guess(name: string): ImportFormat | null {
  if (/\.csv$/i.test(name)) return 'csv';
  if (/\.ya?ml$/i.test(name)) return 'ansible-yaml';
  if (/\.(ini|cfg)$|^(hosts|inventory)$/i.test(name)) return 'ansible-ini';
  return /^(config|ssh_config)$/i.test(name) ? 'ssh-config' : null;
}
