import type { Duplex } from 'node:stream';
import type { FleetMember } from '#shared/nodes.ts';
import type { Command } from './catalogue.ts';

export type SshTarget = Pick<FleetMember, 'id' | 'name' | 'host' | 'sshPort' | 'user'> &
  Partial<Pick<FleetMember, 'transport' | 'proxyJump' | 'proxyJumpKey'>>;

export type Receipt = {
  /** what was run, readable */
  command: string;
  exitCode: number | null;
  /** stdout, then stderr; at most 64 KiB */
  raw: string;
  /** of all of stdout and stderr that arrived */
  sha256: string;
  /** epoch ms */
  at: number;
  durationMs: number;
};
export type Outcome<T> = { value: T; receipt: Receipt };

export type ExecOptions = {
  /** the whole call, connecting included; the command's own bound when not given (10 s unless it waits for a service) */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** stdout as it arrives */
  onOutput?: (text: string) => void;
};

export type ExecResult = {
  exitCode: number | null;
  stdout: Buffer;
  stderr: string;
  /** the command said more than its cap and was ended */
  cut: boolean;
  /** epoch ms at which its first output arrived */
  firstOutputAt: number | null;
  receipt: Receipt;
};

export type HostKeyState = { pinned: string | null; offered: string | null; blocked: boolean };

export type Ssh = {
  /**
   * Runs one command of the catalogue. Fails with ssh.unreachable | ssh.timeout | ssh.auth-failed | ssh.host-key-changed | ssh.host-key-unknown;
   * an exit code other than 0 is an answer, not a failure.
   */
  exec(target: SshTarget, command: Command, options?: ExecOptions): Promise<ExecResult>;
  /** A TCP connection made by the node (direct-tcpip). */
  openTcp(target: SshTarget, to: { host: string; port: number }, options?: { timeoutMs?: number }): Promise<Duplex>;
  hostKey(nodeId: string): Promise<HostKeyState>;
  /** of every node that has one on record, with one query */
  hostKeys(): Promise<ReadonlyMap<string, HostKeyState>>;
  /** open sessions, for the console's own metrics */
  sessions(): number;
  close(): Promise<void>;
};
