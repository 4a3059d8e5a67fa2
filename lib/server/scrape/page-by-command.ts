import { isHeadroomError } from '#server/kernel/errors.ts';
import { catalogue, type Ssh } from '#server/ssh/index.ts';
import type { FleetMember } from '#shared/nodes.ts';
import { type Exposition, readExposition } from './exposition.ts';
import { ScrapeFailure } from './failure.ts';

/** SSH_OPEN_ADMINISTRATIVELY_PROHIBITED: what a server with `AllowTcpForwarding no` answers (RFC 4254, 5.1). */
const PROHIBITED = 1;

/** The server lets nobody forward; a port on which nothing listens is refused otherwise. */
export function isForwardingRefused(error: unknown): boolean {
  const refusal = error instanceof ScrapeFailure && isHeadroomError(error.cause) ? error.cause.cause : undefined;
  return typeof refusal === 'object' && refusal !== null && 'reason' in refusal && refusal.reason === PROHIBITED;
}

/** The page by one `curl` on the node: dearer than a kept channel, for servers that forward nothing. Throws ScrapeFailure. */
export async function readPageByCommand(request: {
  ssh: Pick<Ssh, 'exec'>;
  member: FleetMember;
  url: URL;
  timeoutMs: number;
  signal: AbortSignal;
  now: () => number;
}): Promise<{ at: number; page: Exposition }> {
  const { ssh, member, url, timeoutMs, signal } = request;
  const answer = await ssh.exec(member, catalogue.fetchMetrics({ url: url.href }), { timeoutMs, signal }).catch((error: unknown) => {
    throw isHeadroomError(error) ? new ScrapeFailure('ssh', error.message, { cause: error }) : error;
  });
  const at = request.now();
  if (answer.exitCode !== 0) {
    const said =
      answer.stderr
        .replace(/[^\x20-\x7e]+/g, ' ')
        .trim()
        .slice(0, 160) || `exit code ${answer.exitCode ?? 'unknown'}`;
    throw new ScrapeFailure('ssh', `SSH to ${member.name} forwards no connections (AllowTcpForwarding), and curl there failed: ${said}.`);
  }
  if (answer.cut) throw new ScrapeFailure('too-large', 'The metrics page is larger than 4 MiB.');
  return { at, page: readExposition(answer.stdout) };
}
