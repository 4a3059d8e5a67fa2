'use client';
import { Siren } from 'lucide-react';
import Link from 'next/link';
import { useIncidents } from '#client/incidents.ts';
import { may, useSession } from '#client/session.ts';
import { useUrlChoice } from '#client/url-state.ts';
import { LinkButton } from '#components/ui/button.tsx';
import { Chip } from '#components/ui/chip.tsx';
import { EmptyState } from '#components/ui/empty-state.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { Ago } from '#components/ui/now.tsx';
import { Segmented } from '#components/ui/segmented.tsx';
import { LoadingRows } from '#components/ui/skeleton.tsx';
import { TableFrame } from '#components/ui/table.tsx';
import { INCIDENT_RULES, incidentName } from '#shared/incident-rules.ts';
import type { IncidentListItem } from '#shared/incidents.ts';
import { plural } from '#shared/units/count.ts';
import { DeclareIncident } from './declare.tsx';
import { CAUSE_WORDS, SEVERITY_LOOK, STATUS_LOOK } from './words.ts';

const STATUSES = ['all', 'open', 'resolved'] as const;
const SEVERITIES = ['any', 'critical', 'warning', 'info'] as const;

/** Open ones first. Which are shown is in the URL. */
export function IncidentListView() {
  const [status, setStatus] = useUrlChoice('status', STATUSES, 'all');
  const [severity, setSeverity] = useUrlChoice('severity', SEVERITIES, 'any');
  const session = useSession();
  const mayWrite = may(session.data, 'incident.write');
  const { data, error, refetch } = useIncidents({ status, ...(severity === 'any' ? {} : { severity }) });
  return (
    <>
      <div className="page-h">
        <div className="grow row wrap">
          <Segmented
            label="Status"
            options={STATUSES.map((value) => ({ value, label: value === 'all' ? 'All' : value === 'open' ? 'Open' : 'Resolved' }))}
            value={status}
            onChange={setStatus}
          />
          <Segmented
            label="Severity"
            options={SEVERITIES.map((value) => ({ value, label: value === 'any' ? 'Any severity' : SEVERITY_LOOK[value].word }))}
            value={severity}
            onChange={setSeverity}
          />
        </div>
        <div className="actions">{mayWrite ? <DeclareIncident /> : null}</div>
      </div>
      {!data && error ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {!data && !error ? <LoadingRows what="incidents" /> : null}
      {data && data.incidents.length === 0 ? <Nothing filtered={status !== 'all' || severity !== 'any'} /> : null}
      {data && data.incidents.length > 0 ? <IncidentTable incidents={data.incidents} cut={data.cut} /> : null}
    </>
  );
}

function IncidentTable({ incidents, cut }: { incidents: readonly IncidentListItem[]; cut: boolean }) {
  return (
    <section className="card" aria-label="Incidents">
      <TableFrame label="Incidents">
        <thead>
          <tr>
            <th scope="col" className="hide-m">
              Incident
            </th>
            <th scope="col">What</th>
            <th scope="col">State</th>
            <th scope="col" className="p2">
              Fires now
            </th>
            <th scope="col" className="p3">
              Owner
            </th>
            <th scope="col" className="num hide-m">
              Opened
            </th>
          </tr>
        </thead>
        <tbody>
          {incidents.map((incident) => (
            <IncidentRow key={incident.id} incident={incident} />
          ))}
        </tbody>
      </TableFrame>
      {cut ? <p className="help px-4 pb-3">Of more than 200 the newest are here: filter them.</p> : null}
    </section>
  );
}

function IncidentRow({ incident }: { incident: IncidentListItem }) {
  const { id, number, title, cause, severity, status, nodes, firing, owner, openedAt, closed } = incident;
  const look = SEVERITY_LOOK[severity];
  const state = STATUS_LOOK[status];
  const names = nodes.map(({ name }) => name);
  return (
    <tr>
      <td className="name hide-m">
        <Link href={`/incidents/${id}`}>{incidentName(number)}</Link>
      </td>
      <td className="inc-what">
        <span className="row wrap">
          <Chip tone={look.tone} mark={look.mark}>
            {look.word}
          </Chip>
          <Link className="t1 med" href={`/incidents/${id}`}>
            {title}
          </Link>
        </span>
        <span className="sm t3 ell" title={names.join(', ')}>
          {names.length > 4 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ')} · {CAUSE_WORDS[cause]}
        </span>
        <span className="sm t3 only-m">
          {incidentName(number)}, opened <Ago at={openedAt} />
        </span>
      </td>
      <td>
        <Chip tone={state.tone} mark={state.mark}>
          {state.word}
        </Chip>
      </td>
      <td className="p2 sm">
        {firing.length > 0 ? (
          firing.map((rule) => INCIDENT_RULES[rule].title).join(', ')
        ) : (
          <span className="t3">{closed ? `closed by ${closed.by}` : 'nothing'}</span>
        )}
      </td>
      <td className="p3">{owner ?? <span className="t3">nobody</span>}</td>
      <td className="num hide-m">
        <Ago at={openedAt} />
      </td>
    </tr>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  if (filtered)
    return (
      <EmptyState title="None of these" lead="No incident has this status and severity.">
        <div className="row">
          <LinkButton href="/incidents">Show all</LinkButton>
        </div>
      </EmptyState>
    );
  const rules = Object.values(INCIDENT_RULES);
  return (
    <EmptyState
      title="No incident yet"
      lead={`${plural(rules.length, 'rule')} watch every node: ${rules
        .slice(0, 4)
        .map(({ title }) => title.charAt(0).toLowerCase() + title.slice(1))
        .join(
          ', ',
        )} and more. When one fires, an incident opens by itself, groups what belongs together, and says what to do next. You can also declare one by hand.`}
    >
      <div className="row">
        <LinkButton href="/">
          <Siren className="i s" aria-hidden="true" />
          Look at the fleet
        </LinkButton>
      </div>
    </EmptyState>
  );
}
