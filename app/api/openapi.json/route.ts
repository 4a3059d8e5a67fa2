/** The same under the name that tools look for. */
export { GET } from '../v1/openapi/route.ts';
