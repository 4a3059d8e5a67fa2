import { reportQuerySchema } from '#shared/reports.ts';
import { handle } from '../../_http/handle.ts';

const TYPES = { md: 'text/markdown; charset=utf-8', html: 'text/html; charset=utf-8' } as const;

/** The fleet over a range of time: nodes that the reader may see, and what happened on them. Drills for who may see drills. */
export const GET = handle({ permission: 'fleet.read', on: 'scoped', query: reportQuerySchema }, async ({ runtime, scope, query }) => {
  const { format, ...range } = query;
  const report = await runtime.reports.make(range, {
    ...(await scope.visible('fleet.read')),
    drills: scope.everywhere('drill.read'),
  });
  if (format === 'json') return report;
  const name = `fleet-${report.from.slice(0, 10)}-to-${report.to.slice(0, 10)}.${format}`;
  return new Response(runtime.reports.render(report, format), {
    headers: {
      'content-type': TYPES[format],
      'content-disposition': `attachment; filename="${name}"`,
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    },
  });
});
