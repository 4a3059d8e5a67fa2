export { createFleet, type Fleet, type FleetDeps } from './fleet.ts';
export { createNodeMarks } from './node-marks.ts';
