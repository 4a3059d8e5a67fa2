import { handle } from '../../../_http/handle.ts';

/** Whether every row follows from the one before it, up to the signed last one. Reads them all. */
export const GET = handle({ permission: 'audit.read' }, ({ runtime }) => runtime.audit.verify());
