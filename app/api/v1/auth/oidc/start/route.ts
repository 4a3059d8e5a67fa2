import { z } from 'zod';
import { isHeadroomError } from '#server/kernel/errors.ts';
import { handle } from '../../../../_http/handle.ts';
import { remoteOf } from '../../../../_http/remote.ts';
import { goTo } from '../../../../_http/with-cookies.ts';

const querySchema = z.object({ next: z.string().max(2000).default('/') });

/** To the sign-in provider; a problem is told on the sign-in page, where the person is. */
export const GET = handle({ permission: 'public', query: querySchema }, async ({ runtime, query, request }) => {
  try {
    const { location, cookie } = await runtime.access.startOidc(query.next, remoteOf(request));
    return goTo(location, [cookie]);
  } catch (error) {
    if (!isHeadroomError(error) || error.code === 'request.not-found') throw error;
    runtime.log.warn({ err: error }, 'the sign-in provider could not be asked');
    return goTo(`/login?problem=${error.code}`, []);
  }
});
