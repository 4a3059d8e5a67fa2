import { alertmanagerApi } from '#server/notify/index.ts';
import { handle } from '../../_http/handle.ts';

const startedAt = Date.now() - process.uptime() * 1000;

/** Alertmanager's GET /api/v2/status; its configuration has nothing of the channels. */
export const GET = handle({ permission: 'alert.read', on: 'any', errors: 'alertmanager' }, () => alertmanagerApi.statusOf(startedAt));
