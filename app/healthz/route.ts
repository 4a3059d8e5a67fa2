/** Live: this process answers. Whether it can work is /readyz. */
export const GET = () => Response.json({ status: 'ok' }, { headers: { 'cache-control': 'no-store' } });
export const dynamic = 'force-dynamic';
