export * as alertmanagerApi from './alertmanager-api.ts';
export type { AlertNow } from './alerts.ts';
export { createNotify, type Notify } from './notify.ts';
export { nodesUnder } from './silences.ts';
