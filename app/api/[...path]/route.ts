import { HeadroomError } from '#server/kernel/errors.ts';
import { handle } from '../_http/handle.ts';

const notFound = handle({ permission: 'self.read', on: 'any' }, ({ request }) => {
  throw new HeadroomError(
    'request.not-found',
    `there is no ${new URL(request.url).pathname} in this API; /api/v1/fleet and /api/v1/nodes are`,
  );
});

export { notFound as DELETE, notFound as GET, notFound as PATCH, notFound as POST, notFound as PUT };
