import { HeadroomError } from '#server/kernel/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import type { FleetMember } from '#shared/nodes.ts';
import type { Answer } from './answer.ts';
import { EXIT } from './scripts/prelude.ts';
import type { ExecResult, Receipt } from './types.ts';

// Every way in which a script on a node fails, as one sentence with the cause in it.

export const tooLarge = (node: FleetMember) =>
  new HeadroomError('config.invalid', `${node.configPath} on ${node.name} is larger than 1 MiB: a config.yaml has at most that`);

export function commandFailed(node: FleetMember, receipt: Receipt, why: string, cause?: unknown): HeadroomError {
  return new HeadroomError('ssh.command-failed', `"${receipt.command}" on ${node.name} failed: ${why}`, { cause });
}

/** It ended well, and what it said is not what the script says. */
export const unreadable = (node: FleetMember, receipt: Receipt) => commandFailed(node, receipt, 'its answer cannot be read');

export function processNotSeen(node: FleetMember, problem: 'none' | 'restarted' | 'denied', receipt: Receipt): HeadroomError {
  const why = {
    none: `${node.unit} on ${node.name} has no process now: start it, then look again`,
    restarted: `${node.unit} on ${node.name} was replaced by a new process during the look: look again`,
    denied: `${node.user} may not read the fds of ${node.unit} on ${node.name}: let it run sudo -n ls, or log in as the user that runs the service`,
  }[problem];
  return new HeadroomError(problem === 'denied' ? 'ssh.command-failed' : 'node.no-process', why, { cause: receipt });
}

/** An exit code of a script as the error that it means. `forgetClock`: what was known of the node's clock made a command come too late. */
export function scriptFailed(node: FleetMember, result: ExecResult, answer: Answer | null, forgetClock: () => void): HeadroomError {
  const said = lastWords(result.stderr);
  const made = (code: ErrorCode, words: string) => new HeadroomError(code, words, { cause: result.receipt });
  switch (result.exitCode) {
    case EXIT.changed: {
      const found = answer?.first('sha');
      return made(
        'config.changed',
        `${node.configPath} on ${node.name} changed meanwhile${found ? `: its sha256 is now ${found}` : ''}; read it again and repeat the change`,
      );
    }
    case EXIT.missing:
      return made(
        'config.not-found',
        `${node.configPath} on ${node.name} is not there: give the node the right config path, or create the file`,
      );
    case EXIT.tooLarge:
      return tooLarge(node);
    case EXIT.late:
      forgetClock();
      return made(
        'ssh.timeout',
        `SSH to ${node.name} was too slow: "${result.receipt.command}" came too late and refused itself; nothing was done`,
      );
    case EXIT.reverted:
      return made(
        'ssh.command-failed',
        `"${result.receipt.command}" on ${node.name} was not done: the node has restored its own config already`,
      );
    default:
      return commandFailed(node, result.receipt, said ?? `exit code ${result.exitCode ?? 'unknown'}`, result.receipt);
  }
}

const lastWords = (text: string): string | undefined =>
  text
    .split('\n')
    .map((line) => line.replace(/[^\x20-\x7e\u00a0-\uffff]/g, ' ').trim())
    .filter((line) => line !== '')
    .slice(-3)
    .join('; ')
    .slice(-300) || undefined;
