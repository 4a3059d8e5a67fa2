import { runbookJsonSchema } from '#shared/runbook-text.ts';
import { handle } from '../../_http/handle.ts';

export const GET = handle({ permission: 'runbook.read', on: 'any' }, () => runbookJsonSchema());
