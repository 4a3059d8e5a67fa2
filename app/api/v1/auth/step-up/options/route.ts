import { handle } from '../../../../_http/handle.ts';
import { withCookies } from '../../../../_http/with-cookies.ts';

/** What navigator.credentials.get is given. */
export const POST = handle({ permission: 'self.write', on: 'any' }, async ({ runtime, actor, request }) => {
  const { options, cookie } = await runtime.access.askStepUp(actor, request.headers);
  return withCookies(options, [cookie]);
});
