export function withCookies(value: unknown, cookies: readonly string[], init: ResponseInit = {}): Response {
  const response = Response.json(value, { ...init, headers: { 'cache-control': 'no-store' } });
  for (const cookie of cookies) response.headers.append('set-cookie', cookie);
  return response;
}

/** Takes the browser elsewhere. */
export function goTo(location: string, cookies: readonly string[]): Response {
  const response = new Response(null, { status: 303, headers: { location, 'cache-control': 'no-store' } });
  for (const cookie of cookies) response.headers.append('set-cookie', cookie);
  return response;
}
