import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Http } from '#client/http.ts';
import { type IncidentList, incidentListItemSchema, incidentListSchema } from '#shared/incidents.ts';
import { formatAgo } from '#shared/units/time.ts';
import { type Answer, good } from './answer.ts';
import { openConsole, segment } from './ask.ts';
import { AskedWrongly, type Call, type Command } from './command.ts';
import { table } from './table.ts';

async function list(call: Call): Promise<Answer> {
  const status = call.flag('all') ? 'all' : 'open';
  const told = await openConsole(call).http.get('incidents', incidentListSchema, { query: { status } });
  if (call.json) return good(JSON.stringify(told));
  if (told.incidents.length === 0) return good(call.flag('all') ? 'No incidents.' : 'No incident is open.');
  return good(
    ...table(
      ['incident', 'severity', 'status', 'owner', 'nodes', 'opened', ''],
      told.incidents.map((incident) => rowOf(incident, call.now())),
    ),
    ...(told.cut ? ['', 'There are more: the console’s page Incidents has them all.'] : []),
  );
}

const rowOf = (incident: IncidentList['incidents'][number], now: number): string[] => [
  `INC-${incident.number}`,
  incident.severity,
  incident.status,
  incident.owner ?? '–',
  incident.nodes.length === 1 ? (incident.nodes[0]?.name ?? '1') : `${incident.nodes.length}`,
  formatAgo((now - Date.parse(incident.openedAt)) / 1000),
  incident.title,
];

/** INC-12, 12, or the id. */
async function incidentId(http: Http, called: string): Promise<string> {
  const number = /^(?:INC-)?(\d{1,9})$/i.exec(called)?.[1];
  if (number === undefined) return called;
  const { incidents } = await http.get('incidents', incidentListSchema, { query: { status: 'all' } });
  const found = incidents.find((incident) => incident.number === Number(number));
  if (found === undefined) throw new AskedWrongly(`there is no incident INC-${number}; headroom incidents ls --all lists them`);
  return found.id;
}

async function acknowledge(call: Call): Promise<Answer> {
  const { http, url } = openConsole(call);
  const id = await incidentId(http, call.args[0] ?? '');
  const answered = await http.post(`incidents/${segment(id)}/acknowledge`, incidentListItemSchema.or(z.unknown()), {
    body: {},
    headers: { 'idempotency-key': randomUUID() },
  });
  const incident = incidentListItemSchema.safeParse(answered).data;
  if (call.json) return good(JSON.stringify(answered ?? { id }));
  return good(
    incident ? `INC-${incident.number} is ${incident.status}: ${incident.title}` : `${id} is acknowledged`,
    `  ${url}/incidents/${id}`,
  );
}

export const INCIDENT_COMMANDS: readonly Command[] = [
  {
    name: 'incidents ls',
    group: 'Incidents',
    summary: 'show the open incidents',
    about: [],
    takes: [],
    options: { all: { help: 'the resolved ones too' } },
    examples: [{ line: 'headroom incidents ls', does: 'what is going on, and who has it?' }],
    exits: { 0: 'shown, also when there is none' },
    output: 'tables',
    asks: true,
    run: list,
  },
  {
    name: 'incidents ack',
    group: 'Incidents',
    summary: 'acknowledge an incident: somebody has it',
    about: [],
    takes: [{ name: 'INCIDENT', help: 'like INC-12, or its id' }],
    options: {},
    examples: [{ line: 'headroom incidents ack INC-12', does: 'I am on it' }],
    exits: { 0: 'acknowledged', 2: 'there is no such incident, or it is resolved' },
    output: 'tables',
    asks: true,
    run: acknowledge,
  },
];
