import document from '../../../../docs/openapi.json' with { type: 'json' };
import { handle } from '../../_http/handle.ts';

/** OpenAPI 3.1; written by scripts/openapi.ts, and a test holds it to the routes. */
export const GET = handle({ permission: 'self.read', on: 'any' }, () => document);
