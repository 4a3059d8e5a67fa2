import { handle } from '../../../../_http/handle.ts';
import { remoteOf } from '../../../../_http/remote.ts';
import { withCookies } from '../../../../_http/with-cookies.ts';

/** What navigator.credentials.get is given. */
export const POST = handle({ permission: 'public' }, async ({ runtime, request }) => {
  const { options, cookie } = await runtime.access.askPasskey(request.headers, remoteOf(request));
  return withCookies(options, [cookie]);
});
