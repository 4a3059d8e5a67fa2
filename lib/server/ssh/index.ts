export { type Command, catalogue } from './catalogue.ts';
export { createSsh } from './create-ssh.ts';
export { createNodeOps, type NodeOps, type RevertAnswer, type RevertState } from './node-ops.ts';
export { FINGERPRINT, pinHostKey } from './pin-host-key.ts';
export type { Probe } from './probe.ts';
export { quote } from './quote.ts';
export type { ExecOptions, ExecResult, HostKeyState, Outcome, Receipt, Ssh, SshTarget } from './types.ts';
