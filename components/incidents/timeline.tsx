'use client';
import { CircleDot, type Clock, Download, FileDiff, MessageSquare, Play, RotateCw, Siren, Timer } from 'lucide-react';
import Link from 'next/link';
import { type FormEvent, useState } from 'react';
import { captureUrl, useActOnIncident } from '#client/incidents.ts';
import { Button } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { AreaField } from '#components/ui/field.tsx';
import { Segmented } from '#components/ui/segmented.tsx';
import type { Incident, TimelineEntry } from '#shared/incidents.ts';
import { formatDay, formatHourMinute, formatInstant } from '#shared/units/time.ts';
import { Problem } from './declare.tsx';

const ICONS: Record<TimelineEntry['kind'], typeof Clock> = {
  signal: Siren,
  run: Play,
  note: MessageSquare,
  config: FileDiff,
  restart: RotateCw,
  status: CircleDot,
  capture: Download,
  'bought-time': Timer,
};

/** Newest first. A note is Markdown, and shown as the text that it is. */
export function Timeline({ incident, mayWrite }: { incident: Incident; mayWrite: boolean }) {
  const [show, setShow] = useState<'all' | 'notes'>('all');
  const entries = [...incident.timeline].reverse().filter((e) => show === 'all' || e.kind === 'note');
  return (
    <Card
      title="Timeline"
      className="inc-tl"
      end={
        <Segmented
          label="Entries"
          options={[
            { value: 'all', label: 'All' },
            { value: 'notes', label: 'Notes' },
          ]}
          value={show}
          onChange={setShow}
        />
      }
    >
      {mayWrite ? <Note id={incident.id} /> : null}
      {entries.length === 0 ? <p className="t3 sm">Nothing here yet.</p> : null}
      <ol className="tl">
        {entries.map((entry, i) => (
          <Entry key={entry.id} entry={entry} incidentId={incident.id} before={entries[i - 1]} />
        ))}
      </ol>
    </Card>
  );
}

const tones = { danger: 'danger', warn: 'warn', ok: 'ok', neutral: '' } as const;

function Entry({ entry, incidentId, before }: { entry: TimelineEntry; incidentId: string; before: TimelineEntry | undefined }) {
  const Icon = ICONS[entry.kind];
  const at = Date.parse(entry.at);
  const newDay = before === undefined || formatDay(Date.parse(before.at)) !== formatDay(at);
  return (
    <li className={tones[entry.tone]}>
      <time dateTime={entry.at} title={formatInstant(at)}>
        {formatHourMinute(at)}
        {newDay ? <span className="inc-day">{formatDay(at)}</span> : null}
      </time>
      <span className="node">
        <Icon className="i" aria-hidden="true" />
      </span>
      <div>
        <div className={entry.kind === 'note' ? 'inc-note' : undefined}>
          {entry.nodeName ? <b className="t1">{entry.nodeName} </b> : null}
          {entry.text}
        </div>
        <div className="by">
          {entry.by}
          {entry.runId ? <Link href={`/runs/${entry.runId}`}> Open the run</Link> : null}
          {entry.captureId ? (
            <a href={captureUrl(incidentId, entry.captureId)} download>
              {' '}
              Download
            </a>
          ) : null}
        </div>
      </div>
    </li>
  );
}

function Note({ id }: { id: string }) {
  const [text, setText] = useState('');
  const act = useActOnIncident(id);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() === '') return;
    act.mutate({ act: 'notes', body: { text: text.trim() } }, { onSuccess: () => setText('') });
  };
  return (
    <form className="inc-compose" onSubmit={submit}>
      <AreaField
        label={<span className="vh">Note</span>}
        rows={2}
        value={text}
        placeholder="Note, or paste a command output"
        onChange={(event) => setText(event.target.value)}
      />
      {act.isError ? <Problem error={act.error} /> : null}
      {text.trim() === '' ? null : (
        <Button small type="submit" disabled={act.isPending}>
          Add note
        </Button>
      )}
    </form>
  );
}
