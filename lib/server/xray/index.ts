export { createXray, type Xray } from './xray.ts';
