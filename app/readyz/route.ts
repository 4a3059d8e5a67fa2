import { getRuntime } from '#server/slot.ts';

export const dynamic = 'force-dynamic';

/** Ready: the runtime is there and its database answers. */
export async function GET(): Promise<Response> {
  const headers = { 'cache-control': 'no-store' };
  try {
    await getRuntime().db.selectFrom('migrations').select('name').limit(1).execute();
    return Response.json({ status: 'ready' }, { headers });
  } catch {
    return Response.json({ status: 'not ready' }, { status: 503, headers });
  }
}
