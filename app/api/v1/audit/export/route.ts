import { handle } from '../../../_http/handle.ts';

/** Every row, oldest first, one JSON object a line: what `headroom audit verify` reads. */
export const GET = handle({ permission: 'audit.read' }, ({ runtime }) => {
  const rows = runtime.audit.all();
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await rows.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value.map((row) => `${JSON.stringify(row)}\n`).join('')));
    },
    async cancel() {
      await rows.return(undefined);
    },
  });
  const headers = { 'content-type': 'application/x-ndjson', 'content-disposition': 'attachment; filename="headroom-audit.ndjson"' };
  return new Response(body, { headers: { ...headers, 'cache-control': 'no-store' } });
});
