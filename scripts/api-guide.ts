type Schema = {
  $ref?: string;
  type?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  enum?: string[];
  items?: Schema;
  anyOf?: Schema[];
};
type Operation = {
  summary: string;
  tags?: string[];
  parameters?: { name: string; in: string; required?: boolean }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
};
export type ApiDocument = { info: { version: string }; paths: Record<string, Record<string, Operation>> };

const HEAD = `# The API

Everything that the pages do goes through it, under \`/api/v1\`. The whole of it, with every shape, is the OpenAPI 3.1 document of the console itself:
[\`/api/openapi.json\`](openapi.json). The tables below are made from that document.

\`\`\`sh
curl -H "Authorization: Bearer $HEADROOM_TOKEN" "$HEADROOM_URL/api/v1/fleet"
\`\`\`

A token is made under Settings. It has a role, may be held to a selector, and expires. It is never taken from an address, only from the header.

## What holds everywhere

- Times are ISO 8601 in UTC. Figures carry no units; their names do: \`timeToEmfileSeconds\`.
- An error is a problem document (RFC 9457, \`application/problem+json\`) with a stable \`code\`; what each means is in [Troubleshooting](troubleshooting.md).
- \`Idempotency-Key\` on a POST: the same key with the same body gives the same answer for 24 hours, and nothing is done twice.
- \`If-Match\` is needed on PUT, PATCH and DELETE: the version that you looked at. Somebody else's change in between answers 412.
- Any answer comes within 10 s. What takes longer is a run, and is followed by \`GET /api/v1/events\` (server-sent events, resumed with \`Last-Event-ID\`).
- What one may not see is not there: a node outside of your grants answers 404.
`;

/** The routes as tables, one for each noun: what may be asked, what it needs, what it takes. */
export function apiGuide(document: ApiDocument): string {
  const rows = new Map<string, string[]>();
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(methods)) {
      const noun = operation.tags?.[0] ?? 'other';
      rows.set(noun, [...(rows.get(noun) ?? []), row(method, path, operation)]);
    }
  const tables = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([noun, lines]) => table(noun, lines));
  return `${HEAD}\n${tables.join('\n')}`;
}

const table = (noun: string, lines: readonly string[]): string =>
  `## ${noun}\n\n| route | needs | takes |\n|---|---|---|\n${lines.join('\n')}\n`;

function row(method: string, path: string, operation: Operation): string {
  const needs = operation.summary.replace(/^Needs the permission /, '').replace(/^For everybody.*/, 'nothing');
  const query = (operation.parameters ?? []).filter((p) => p.in === 'query').map((p) => `\`?${p.name}\``);
  const body = Object.values(operation.requestBody?.content ?? {}).flatMap(({ schema }) => fields(schema));
  const short = path.replace(/^\/api\/v1/, '').replace(/\{(\w+)\}/g, ':$1');
  return `| \`${method.toUpperCase()} ${short}\` | ${needs} | ${[...query, ...body].join(', ')} |`;
}

function fields(schema: Schema): string[] {
  if (schema.$ref !== undefined) return [`\`${schema.$ref.split('/').at(-1)}\``];
  const optional = (name: string) => !(schema.required ?? []).includes(name);
  return Object.keys(schema.properties ?? {}).map((name) => `\`${name}${optional(name) ? '?' : ''}\``);
}
