import { createHash } from 'node:crypto';
import type { FleetMember } from '#shared/nodes.ts';
import type { ActingOn, Call } from './acting.ts';
import { seriesLine } from './answer.ts';
import { catalogue } from './catalogue.ts';
import type { Outcome, Receipt, Ssh } from './types.ts';

type Asked = { runId: string; sha256: string } & ({ operation: 'state' | 'switch' } | { operation: 'put'; bytes: Buffer });
export type ReleaseAnswer = {
  /** `releases/<sha256>`; null where there is no link */
  current: string | null;
  /** the program that the service runs */
  exe: string | null;
  /** the unit starts what is current */
  starts: boolean;
  /** of the asked release, when it is there */
  version: string | null;
  there: boolean;
  /** where releases are on this node */
  root: string | null;
  /** put or switched now; false: it was done already */
  acted: boolean;
};

/** Versions of the proxy, side by side on a prepared node. Anything on a bare one is refused in words. */
export const releaseOp =
  ({ run, notAfter }: ActingOn) =>
  async (node: FleetMember, o: Asked & Call): Promise<Outcome<ReleaseAnswer>> => {
    const bytes = o.operation === 'put' ? o.bytes : null;
    if (bytes !== null && hashOf(bytes) !== o.sha256) throw new Error('the bytes are not of this sha256');
    const { operation, runId, sha256 } = o;
    const command = catalogue.release({ ...node, operation, runId, sha256, bytes, notAfter: await notAfter(node, o) });
    const { answer, receipt } = await run(node, command, o);
    const said = (key: string) => answer.first(key) || null;
    const value = {
      ...{ current: said('current'), exe: said('exe'), version: said('version'), root: said('root') },
      ...{ starts: said('starts') === '1', there: said('there') === '1' },
      acted: said('put') === '1' || said('switched') === '1',
    };
    return { value, receipt };
  };

/** Of bytes that go to many nodes once; nobody writes into them. */
const hashes = new WeakMap<Buffer, string>();

function hashOf(bytes: Buffer): string {
  const hash = hashes.get(bytes) ?? createHash('sha256').update(bytes).digest('hex');
  hashes.set(bytes, hash);
  return hash;
}

const BUILD = /^[^}]*\bversion="([A-Za-z0-9._+-]{1,64})"[^}]*\} 1\b/;

/** The version that the process says it is, on its metrics page. Null: it has no page, or does not say. */
export const reportedVersionOp =
  (ssh: Pick<Ssh, 'exec'>) =>
  async (node: FleetMember, o: Call = {}): Promise<{ version: string | null; receipt: Receipt | null }> => {
    if (node.metrics.via === 'none') return { version: null, receipt: null };
    const { exitCode, stdout, receipt } = await ssh.exec(node, catalogue.fetchMetrics({ url: node.metrics.url }), o);
    return { version: (exitCode === 0 ? BUILD.exec(seriesLine(stdout, 'sniproxy_build_info'))?.[1] : null) ?? null, receipt };
  };
