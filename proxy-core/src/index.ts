/** The proxy as a library: what cli.ts puts a process around. */
export * from './contract/index.ts';
export { Log } from './log.ts';
export { readConfig } from './parse/config-file.ts';
export { createProxy, type SniProxy } from './proxy.ts';
