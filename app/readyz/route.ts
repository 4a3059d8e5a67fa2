import { getRuntime } from '#server/slot.ts';

export const dynamic = 'force-dynamic';

/** Ready: the database answers, there is room, somebody reads the nodes, and this process is not about to stop. */
export async function GET(): Promise<Response> {
  const headers = { 'cache-control': 'no-store' };
  try {
    const { ready, checks } = await getRuntime().readiness();
    return Response.json({ status: ready ? 'ready' : 'not ready', checks }, { status: ready ? 200 : 503, headers });
  } catch {
    return Response.json({ status: 'not ready', checks: { process: 'it is starting or stopping' } }, { status: 503, headers });
  }
}
