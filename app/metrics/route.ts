import { handle } from '../api/_http/handle.ts';

/** Prometheus text, of the console itself. A scraper sends an API token: `authorization: { credentials: hr_… }`; the role viewer is enough. */
export const GET = handle({ permission: 'fleet.read' }, async ({ runtime }) => {
  const { type, body } = await runtime.telemetry.page();
  return new Response(body, { headers: { 'content-type': type, 'cache-control': 'no-store' } });
});
