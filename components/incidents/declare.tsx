'use client';
import { Siren } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { type FormEvent, useState } from 'react';
import { useDeclareIncident } from '#client/incidents.ts';
import { useFleet } from '#client/nodes.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Checkbox } from '#components/ui/checkbox.tsx';
import { Dialog } from '#components/ui/dialog.tsx';
import { asProblem } from '#components/ui/error-state.tsx';
import { AreaField, SelectField, TextField } from '#components/ui/field.tsx';
import type { Severity } from '#shared/incident-rules.ts';

/** An incident that no rule found. */
export function DeclareIncident() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>
        <Siren className="i s" aria-hidden="true" />
        Declare…
      </Button>
      {open ? <DeclareDialog onClose={() => setOpen(false)} /> : null}
    </>
  );
}

function DeclareDialog({ onClose }: { onClose: () => void }) {
  const router = useRouter();
  const fleet = useFleet();
  const declare = useDeclareIncident();
  const [title, setTitle] = useState('');
  const [note, setNote] = useState('');
  const [severity, setSeverity] = useState<Severity>('warning');
  const [search, setSearch] = useState('');
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const nodes = (fleet.data?.nodes ?? []).filter((n) => chosen.has(n.id) || n.name.includes(search.trim())).slice(0, 40);
  const toggle = (id: string) =>
    setChosen((before) => (before.has(id) ? new Set([...before].filter((one) => one !== id)) : new Set([...before, id])));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const input = { title: title.trim(), severity, nodeIds: [...chosen], ...(note.trim() === '' ? {} : { note: note.trim() }) };
    declare.mutate(input, { onSuccess: ({ id }) => router.push(`/incidents/${id}`) });
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title="Declare an incident"
      lead="What rules fire on its nodes from now on joins it."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" form="declare" disabled={declare.isPending || title.trim() === '' || chosen.size === 0}>
            Declare
          </Button>
        </>
      }
    >
      <form id="declare" className="dlg-b stack" onSubmit={submit} noValidate>
        <TextField
          label="What is wrong"
          value={title}
          maxLength={200}
          placeholder="edge refuses connections"
          onChange={(event) => setTitle(event.target.value)}
        />
        <SelectField
          label="Severity"
          value={severity}
          onChange={(event) =>
            setSeverity(event.target.value === 'critical' ? 'critical' : event.target.value === 'info' ? 'info' : 'warning')
          }
        >
          <option value="critical">Critical</option>
          <option value="warning">Warning</option>
          <option value="info">Info</option>
        </SelectField>
        <TextField
          label="Nodes"
          value={search}
          placeholder="part of a name"
          help={`${chosen.size} chosen`}
          onChange={(event) => setSearch(event.target.value)}
        />
        <div className="inc-pick">
          {nodes.map((node) => (
            <div key={node.id} className="row">
              <Checkbox label={node.name} checked={chosen.has(node.id)} onChange={() => toggle(node.id)} />
              <span aria-hidden="true">{node.name}</span>
            </div>
          ))}
        </div>
        <AreaField label="First note" value={note} rows={3} onChange={(event) => setNote(event.target.value)} />
        {declare.isError ? <Problem error={declare.error} /> : null}
      </form>
    </Dialog>
  );
}

export function Problem({ error }: { error: unknown }) {
  const problem = asProblem(error);
  return (
    <Callout tone="danger" live>
      <b>{problem.title}.</b> {problem.detail}
    </Callout>
  );
}
