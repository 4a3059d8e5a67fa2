export { createFleet, type Fleet } from './fleet.ts';
