import path from 'node:path';
import { type NodePlan, SSH_USER } from './plan.ts';

/** What every process of one demo carries, so that it can be found by /proc whoever its parent is. */
export type FleetMark = { dataDir: string; fleetId: string };

export const markOf = (mark: FleetMark) => ({ HEADROOM_DATA_DIR: mark.dataDir, HEADROOM_DEMO_FLEET: mark.fleetId });

/** The form that `spawn` takes. */
export const processEnvironment = (values: Record<string, string | undefined>): NodeJS.ProcessEnv => ({
  ...values,
  NODE_ENV: 'production',
});

/** Environment of our own helper processes: ours, without what could change how Node runs. */
export function helperEnvironment(mark: FleetMark): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, NODE_V8_COVERAGE: _coverage, ...rest } = process.env;
  return processEnvironment({ ...rest, ...markOf(mark) });
}

/** Environment of what runs "on the node": the stand-in commands come first, nothing of ours leaks in. */
export function nodeEnvironment(node: NodePlan, mark: FleetMark): Record<string, string> {
  return {
    PATH: [node.binDir, '/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(path.delimiter),
    HOME: node.homeDir,
    USER: SSH_USER,
    LOGNAME: SSH_USER,
    SHELL: '/bin/sh',
    LANG: 'C.UTF-8',
    HEADROOM_DEMO_NODE: node.name,
    ...markOf(mark),
  };
}
