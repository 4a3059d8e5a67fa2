import { z } from 'zod';
import { createdTokenSchema, grantListSchema, grantSchema, sessionSchema, tokenSchema } from '#shared/access.ts';
import {
  invitedSchema,
  linkFacesSchema,
  oneTimeLinkSchema,
  ownAccountSchema,
  recoveryCodesSchema,
  sessionListSchema,
  signInAnswerSchema,
  signInMethodsSchema,
  userListSchema,
  userSchema,
} from '#shared/account.ts';
import { alertRuleListSchema } from '#shared/alert-rules.ts';
import { nodeEventsAnswerSchema } from '#shared/annotations.ts';
import { auditPageSchema, auditStateSchema } from '#shared/audit.ts';
import { changeRuleListSchema, changeRuleSchema } from '#shared/change-rules.ts';
import { changePreviewSchema } from '#shared/changes.ts';
import { ERROR_CODES, problemSchema } from '#shared/errors.ts';
import { captureHeadSchema, incidentListItemSchema, incidentListSchema, incidentSchema } from '#shared/incidents.ts';
import { nodeMetricsAnswerSchema } from '#shared/metrics.ts';
import { importPlanSchema } from '#shared/node-import.ts';
import {
  configHistorySchema,
  fleetSchema,
  keptConfigSchema,
  nodeConfigSchema,
  nodeDetailSchema,
  nodeInputSchema,
  selfTestSchema,
} from '#shared/nodes.ts';
import { alertListSchema, channelListSchema, channelTestSchema, deliveryListSchema } from '#shared/notify.ts';
import { runbookListSchema, runbookSchema, runbookVersionListSchema } from '#shared/runbooks.ts';
import { runListSchema, runSchema, runTargetSchema } from '#shared/runs.ts';
import { silenceListSchema, silenceSchema } from '#shared/silences.ts';
import { nodeFdsSchema } from '#shared/xray.ts';
import type { RouteSpec } from './handle.ts';

export type DocumentedRoute = { method: string /** `/api/v1/nodes/{id}` */; path: string; spec: RouteSpec };

/** Named shapes stand once, under components. */
const SHAPES = {
  Fleet: fleetSchema,
  NodeInput: nodeInputSchema,
  NodeDetail: nodeDetailSchema,
  NodeConfig: nodeConfigSchema,
  ConfigHistory: configHistorySchema,
  KeptConfig: keptConfigSchema,
  NodeMetrics: nodeMetricsAnswerSchema,
  NodeEvents: nodeEventsAnswerSchema,
  NodeFds: nodeFdsSchema,
  SelfTest: selfTestSchema,
  ImportPlan: importPlanSchema,
  ChangePreview: changePreviewSchema,
  ChangeRule: changeRuleSchema,
  ChangeRuleList: changeRuleListSchema,
  Run: runSchema,
  RunTarget: runTargetSchema,
  RunList: runListSchema,
  Incident: incidentSchema,
  IncidentHead: incidentListItemSchema,
  IncidentList: incidentListSchema,
  Capture: captureHeadSchema,
  Runbook: runbookSchema,
  RunbookList: runbookListSchema,
  RunbookVersionList: runbookVersionListSchema,
  AlertList: alertListSchema,
  AlertRuleList: alertRuleListSchema,
  ChannelList: channelListSchema,
  ChannelTest: channelTestSchema,
  DeliveryList: deliveryListSchema,
  Silence: silenceSchema,
  SilenceList: silenceListSchema,
  AuditPage: auditPageSchema,
  AuditState: auditStateSchema,
  Grant: grantSchema,
  GrantList: grantListSchema,
  Session: sessionSchema,
  SignInAnswer: signInAnswerSchema,
  SignInMethods: signInMethodsSchema,
  OneTimeLinkFaces: linkFacesSchema,
  OwnAccount: ownAccountSchema,
  RecoveryCodes: recoveryCodesSchema,
  SessionList: sessionListSchema,
  User: userSchema,
  UserList: userListSchema,
  OneTimeLink: oneTimeLinkSchema,
  Invited: invitedSchema,
  Token: tokenSchema,
  CreatedToken: createdTokenSchema,
  Problem: problemSchema,
} satisfies Record<string, z.ZodType>;
type ShapeName = keyof typeof SHAPES;

const INCIDENT_ACTIONS = ['acknowledge', 'edit', 'merge', 'notes', 'reopen', 'resolve', 'split'];
const RUN_ACTIONS = ['abort', 'approve', 'by-hand', 'pause', 'resume', 'retry', 'rollback', 'skip'];
/** What the routes answer; one that is not here answers JSON of no named shape, or no JSON at all. */
const ANSWERS: Record<string, ShapeName> = {
  'GET /api/v1/fleet': 'Fleet',
  'POST /api/v1/nodes': 'NodeInput',
  'GET /api/v1/nodes/{id}': 'NodeDetail',
  'PUT /api/v1/nodes/{id}': 'NodeInput',
  'PATCH /api/v1/nodes/{id}': 'NodeInput',
  'GET /api/v1/nodes/{id}/config': 'NodeConfig',
  'GET /api/v1/nodes/{id}/config/history': 'ConfigHistory',
  'GET /api/v1/nodes/{id}/config/history/{run}': 'KeptConfig',
  'GET /api/v1/nodes/{id}/metrics': 'NodeMetrics',
  'GET /api/v1/nodes/{id}/events': 'NodeEvents',
  'GET /api/v1/nodes/{id}/fds': 'NodeFds',
  'POST /api/v1/nodes/{id}/fds': 'NodeFds',
  'POST /api/v1/nodes/{id}/check': 'SelfTest',
  'POST /api/v1/nodes/import': 'ImportPlan',
  'POST /api/v1/changes/preview': 'ChangePreview',
  'GET /api/v1/change-rules': 'ChangeRuleList',
  'POST /api/v1/change-rules': 'ChangeRule',
  'GET /api/v1/runs': 'RunList',
  'POST /api/v1/runs': 'Run',
  'GET /api/v1/runs/{id}': 'Run',
  'GET /api/v1/runs/{id}/targets/{node}': 'RunTarget',
  'POST /api/v1/runs/{id}/gates/{gate}': 'Run',
  ...Object.fromEntries(RUN_ACTIONS.map((action) => [`POST /api/v1/runs/{id}/${action}`, 'Run' as const])),
  'GET /api/v1/incidents': 'IncidentList',
  'POST /api/v1/incidents': 'IncidentHead',
  'GET /api/v1/incidents/{id}': 'Incident',
  'POST /api/v1/incidents/{id}/captures': 'Capture',
  'POST /api/v1/incidents/{id}/buy-time': 'Run',
  ...Object.fromEntries(INCIDENT_ACTIONS.map((action) => [`POST /api/v1/incidents/{id}/${action}`, 'IncidentHead' as const])),
  'GET /api/v1/runbooks': 'RunbookList',
  'POST /api/v1/runbooks': 'Runbook',
  'GET /api/v1/runbooks/{id}': 'Runbook',
  'GET /api/v1/runbooks/{id}/versions': 'RunbookVersionList',
  'GET /api/v1/alerts': 'AlertList',
  'GET /api/v1/alert-rules': 'AlertRuleList',
  'GET /api/v1/channels': 'ChannelList',
  'POST /api/v1/channels/{id}/test': 'ChannelTest',
  'GET /api/v1/deliveries': 'DeliveryList',
  'GET /api/v1/silences': 'SilenceList',
  'POST /api/v1/silences': 'Silence',
  'PUT /api/v1/silences/{id}': 'Silence',
  'DELETE /api/v1/silences/{id}': 'Silence',
  'GET /api/v1/audit': 'AuditPage',
  'GET /api/v1/audit/verify': 'AuditState',
  'GET /api/v1/grants': 'GrantList',
  'POST /api/v1/grants': 'Grant',
  'PUT /api/v1/grants/{id}': 'Grant',
  'GET /api/v1/session': 'Session',
  'GET /api/v1/auth/methods': 'SignInMethods',
  'POST /api/v1/auth/sign-in': 'SignInAnswer',
  'POST /api/v1/auth/second-factor': 'SignInAnswer',
  'POST /api/v1/auth/passkey': 'SignInAnswer',
  'POST /api/v1/auth/links': 'OneTimeLinkFaces',
  'POST /api/v1/auth/links/redeem': 'SignInAnswer',
  'GET /api/v1/account': 'OwnAccount',
  'POST /api/v1/account/totp/confirm': 'RecoveryCodes',
  'POST /api/v1/account/recovery-codes': 'RecoveryCodes',
  'GET /api/v1/sessions': 'SessionList',
  'GET /api/v1/users': 'UserList',
  'POST /api/v1/users': 'Invited',
  'PATCH /api/v1/users/{id}': 'User',
  'POST /api/v1/users/{id}/link': 'OneTimeLink',
  'POST /api/v1/tokens': 'CreatedToken',
};

/** OpenAPI 3.1 of every route, from the same schemas that parse what it is asked. Throws when an answer is named for a route that is not there. */
export function openApi(routes: readonly DocumentedRoute[], version: string): Record<string, unknown> {
  const known = new Set(routes.map(({ method, path }) => `${method} ${path}`));
  const lost = Object.keys(ANSWERS).filter((name) => !known.has(name));
  if (lost.length > 0) throw new Error(`no such route: ${lost.join(', ')}`);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const methods = paths[route.path] ?? {};
    paths[route.path] = methods;
    methods[route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Headroom',
      version,
      description: `Errors are problem details (RFC 9457) with a stable code: ${Object.keys(ERROR_CODES).join(', ')}.`,
    },
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'An API token, hr_…, from Settings' } },
      schemas: Object.fromEntries(Object.entries(SHAPES).map(([name, schema]) => [name, jsonSchema(schema, 'output')])),
    },
  };
}

const jsonSchema = (schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
};

function operation({ method, path, spec }: DocumentedRoute): Record<string, unknown> {
  const answer = ANSWERS[`${method} ${path}`];
  const good = {
    description: 'Good',
    ...(answer && { content: { 'application/json': { schema: { $ref: `#/components/schemas/${answer}` } } } }),
  };
  const problem = {
    description: 'A problem',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
  return {
    operationId: `${method.toLowerCase()} ${path.replace('/api/v1/', '')}`.replace(/[^A-Za-z0-9]+/g, '-').replace(/-$/, ''),
    tags: [path.split('/')[3] ?? 'other'],
    summary: spec.permission === 'public' ? 'For who is not signed in' : `Needs the permission ${spec.permission}`,
    ...(spec.permission === 'public' && { security: [] }),
    parameters: [...pathParameters(path), ...queryParameters(spec)],
    ...(spec.body && { requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(spec.body, 'input') } } } }),
    responses: { [String(spec.status ?? 200)]: good, default: problem },
  };
}

const pathParameters = (path: string) =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));

function queryParameters({ query }: RouteSpec) {
  if (!query) return [];
  const { properties = {}, required = [] } = jsonSchema(query, 'input') as { properties?: Record<string, unknown>; required?: string[] };
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', required: required.includes(name), schema }));
}
