/** What others may know of the demo: where it says how to reach its processes. It is started by `node lib/demo/main.ts`. */
export { type DemoFile, readDemoFile } from './demo-file.ts';
