export { type Command, catalogue } from './catalogue.ts';
export { createSsh } from './create-ssh.ts';
export type { InstallAnswer } from './install-op.ts';
export { createNodeOps, type NodeOps, type RevertState } from './node-ops.ts';
export { pinHostKey } from './pin-host-key.ts';
export type { Probe } from './probe.ts';
export { quote } from './quote.ts';
export type { ExecResult, Outcome, Receipt, Ssh, SshTarget } from './types.ts';
export type { RawGroup, RawLook } from './xray.ts';
