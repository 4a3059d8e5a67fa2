import { createHash } from 'node:crypto';
import type { FleetMember } from '#shared/nodes.ts';
import type { ActingOn, Call } from './acting.ts';
import { catalogue } from './catalogue.ts';
import type { Outcome } from './types.ts';

type Asked = { runId: string; sha256: string } & ({ operation: 'state' | 'remove' } | { operation: 'put'; bytes: Buffer });
export type InstallAnswer = {
  root: boolean;
  systemd: boolean;
  /** commands that are not there */
  missing: string[];
  /** where releases go, KiB; null where it is not known */
  freeKb: number | null;
  /** a unit of this name, whoever put it */
  unit: boolean;
  /** the folder of releases */
  there: boolean;
  config: boolean;
  /** put by this run, this release */
  ours: boolean;
  pid: number | null;
  exe: string | null;
  /** local addresses on which that process listens */
  listens: string[];
  /** of the proxy's ports, those that another process has */
  taken: string[];
  /** put or removed now; false: it was done already, or there was nothing of this run */
  acted: boolean;
};

/** The proxy on a host that has none; `remove` takes away what this run put, and nothing else. */
export const installOp =
  ({ run, notAfter }: ActingOn) =>
  async (node: FleetMember, o: Asked & Call): Promise<Outcome<InstallAnswer>> => {
    const bytes = o.operation === 'put' ? o.bytes : null;
    if (bytes !== null && createHash('sha256').update(bytes).digest('hex') !== o.sha256)
      throw new Error('the bytes are not of this sha256');
    const { operation, runId, sha256 } = o;
    const command = catalogue.install({ ...node, operation, runId, sha256, bytes, notAfter: await notAfter(node, o) });
    const { answer, receipt } = await run(node, command, o);
    const said = (key: string) => answer.first(key) || null;
    const words = (key: string) => (said(key) ?? '').split(' ').filter((word) => word !== '');
    const yes = (key: string) => said(key) === '1';
    const [pid, free] = [Number(said('pid')), Number(said('free'))];
    const value = {
      ...{ root: yes('root'), systemd: yes('systemd'), unit: yes('unit'), there: yes('there'), config: yes('config') },
      ...{ missing: words('missing'), listens: words('listens'), taken: words('taken'), exe: said('exe') },
      ours: said('installed') === `run ${runId} ${sha256}`,
      pid: pid > 0 ? pid : null,
      freeKb: free > 0 ? free : null,
      acted: yes('put') || yes('removed'),
    };
    return { value, receipt };
  };
