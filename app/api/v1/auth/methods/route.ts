import { handle } from '../../../_http/handle.ts';

/** The ways to sign in that the sign-in page offers. */
export const GET = handle({ permission: 'public' }, ({ runtime, request }) => runtime.access.methods(request.headers));
