'use client';
import { Check, Ellipsis } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { type FormEvent, useState } from 'react';
import { type IncidentAct, useActOnIncident, useIncidents } from '#client/incidents.ts';
import { Button } from '#components/ui/button.tsx';
import { Checkbox } from '#components/ui/checkbox.tsx';
import { Dialog } from '#components/ui/dialog.tsx';
import { AreaField, SelectField, TextField } from '#components/ui/field.tsx';
import { incidentName, SEVERITIES, type Severity } from '#shared/incident-rules.ts';
import type { Incident } from '#shared/incidents.ts';
import { Problem } from './declare.tsx';
import { SEVERITY_LOOK } from './words.ts';

/** What a person does to an incident. */
export function Actions({ incident }: { incident: Incident }) {
  const act = useActOnIncident(incident.id);
  const [dialog, setDialog] = useState<'reason' | 'edit' | null>(null);
  if (incident.mergedInto !== null) return null;
  const resolved = incident.status === 'resolved';
  return (
    <>
      {incident.status === 'open' ? (
        <Button look="primary" disabled={act.isPending} onClick={() => act.mutate({ act: 'acknowledge', body: {} })}>
          <Check className="i s" aria-hidden="true" />
          Acknowledge
        </Button>
      ) : null}
      <Button onClick={() => setDialog('reason')}>{resolved ? 'Reopen…' : 'Resolve…'}</Button>
      <Button icon aria-label="Edit, merge, split" title="Edit, merge, split" onClick={() => setDialog('edit')}>
        <Ellipsis className="i s" aria-hidden="true" />
      </Button>
      {dialog === 'reason' ? <ReasonDialog incident={incident} onClose={() => setDialog(null)} /> : null}
      {dialog === 'edit' ? <EditDialog incident={incident} onClose={() => setDialog(null)} /> : null}
    </>
  );
}

function ReasonDialog({ incident, onClose }: { incident: Incident; onClose: () => void }) {
  const act = useActOnIncident(incident.id);
  const [reason, setReason] = useState('');
  const resolved = incident.status === 'resolved';
  const firing = incident.signals.filter((s) => s.until === null).length;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    act.mutate({ act: resolved ? 'reopen' : 'resolve', body: { reason: reason.trim() } }, { onSuccess: onClose });
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`${resolved ? 'Reopen' : 'Resolve'} ${incidentName(incident.number)}`}
      lead={
        resolved
          ? 'It is not over after all.'
          : firing > 0
            ? `${firing} of its signals fire still. If they do in an hour, it opens again.`
            : 'The evidence does not close it yet: say why it is over.'
      }
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" form="inc-reason" disabled={reason.trim() === '' || act.isPending}>
            {resolved ? 'Reopen' : 'Resolve'}
          </Button>
        </>
      }
    >
      <form id="inc-reason" className="dlg-b stack" onSubmit={submit}>
        <AreaField label="Why" rows={3} value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
        {act.isError ? <Problem error={act.error} /> : null}
      </form>
    </Dialog>
  );
}

function EditDialog({ incident, onClose }: { incident: Incident; onClose: () => void }) {
  const router = useRouter();
  const act = useActOnIncident(incident.id);
  const open = useIncidents({ status: 'open' });
  const [title, setTitle] = useState(incident.title);
  const [severity, setSeverity] = useState<Severity>(incident.severity);
  const [owner, setOwner] = useState(incident.owner ?? '');
  const [merge, setMerge] = useState('');
  const [split, setSplit] = useState<ReadonlySet<string>>(new Set());
  const others = open.data?.incidents.filter(({ id }) => id !== incident.id) ?? [];
  const isOpen = incident.status !== 'resolved';
  const run = (what: IncidentAct, then: (id: string) => void = onClose) => act.mutate(what, { onSuccess: ({ id }) => then(id) });
  const save = (event: FormEvent) => {
    event.preventDefault();
    const named = owner.trim() === '' ? null : owner.trim();
    run({
      act: 'edit',
      body: {
        ...(title.trim() !== incident.title && title.trim() !== '' ? { title: title.trim() } : {}),
        ...(severity !== incident.severity ? { severity } : {}),
        ...(named !== incident.owner ? { owner: named } : {}),
      },
    });
  };
  const toggle = (id: string) =>
    setSplit((before) => (before.has(id) ? new Set([...before].filter((one) => one !== id)) : new Set([...before, id])));
  return (
    <Dialog
      open
      onClose={onClose}
      title={incidentName(incident.number)}
      footer={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button look="primary" type="submit" form="inc-edit" disabled={act.isPending}>
            Save
          </Button>
        </>
      }
    >
      <form id="inc-edit" className="dlg-b stack" onSubmit={save}>
        <TextField label="Title" value={title} maxLength={200} onChange={(event) => setTitle(event.target.value)} />
        <SelectField
          label="Severity"
          value={severity}
          onChange={(event) => setSeverity(SEVERITIES.find((s) => s === event.target.value) ?? severity)}
        >
          {SEVERITIES.map((value) => (
            <option key={value} value={value}>
              {SEVERITY_LOOK[value].word}
            </option>
          ))}
        </SelectField>
        <TextField label="Owner" value={owner} maxLength={80} placeholder="nobody" onChange={(event) => setOwner(event.target.value)} />
        {isOpen && others.length > 0 ? (
          <div className="row items-end">
            <div className="grow">
              <SelectField label="Take another incident in" value={merge} onChange={(event) => setMerge(event.target.value)}>
                <option value="">Choose one</option>
                {others.map((one) => (
                  <option key={one.id} value={one.id}>
                    {incidentName(one.number)} {one.title}
                  </option>
                ))}
              </SelectField>
            </div>
            <Button disabled={merge === '' || act.isPending} onClick={() => run({ act: 'merge', body: { incidentId: merge } })}>
              Merge
            </Button>
          </div>
        ) : null}
        {isOpen && incident.nodes.length > 1 ? (
          <fieldset className="stack">
            <legend className="label">Nodes with another cause</legend>
            <div className="inc-pick">
              {incident.nodes.map(({ nodeId, name }) => (
                <div key={nodeId} className="row">
                  <Checkbox label={name} checked={split.has(nodeId)} onChange={() => toggle(nodeId)} />
                  <span aria-hidden="true">{name}</span>
                </div>
              ))}
            </div>
            <div className="row">
              <Button
                disabled={split.size === 0 || split.size === incident.nodes.length || act.isPending}
                onClick={() => run({ act: 'split', body: { nodeIds: [...split] } }, (id) => router.push(`/incidents/${id}`))}
              >
                Split into an incident of their own
              </Button>
            </div>
          </fieldset>
        ) : null}
        {act.isError ? <Problem error={act.error} /> : null}
      </form>
    </Dialog>
  );
}
