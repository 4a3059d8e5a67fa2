import { isHeadroomError } from '#server/kernel/errors.ts';
import { safeNext } from '#shared/next-path.ts';
import { handle } from '../../../../_http/handle.ts';
import { remoteOf } from '../../../../_http/remote.ts';
import { goTo } from '../../../../_http/with-cookies.ts';

/** From the sign-in provider, with what it gave the browser. */
export const GET = handle({ permission: 'public' }, async ({ runtime, request }) => {
  try {
    const { next, cookies } = await runtime.access.finishOidc(new URL(request.url).search, request.headers, remoteOf(request));
    return goTo(safeNext(next), cookies);
  } catch (error) {
    if (!isHeadroomError(error) || error.code === 'request.not-found') throw error;
    runtime.log.warn({ err: error }, 'a sign-in by the provider was refused');
    return goTo(`/login?problem=${error.code}`, []);
  }
});
