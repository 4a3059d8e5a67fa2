import type { Clock } from '#server/kernel/clock.ts';
import type { FleetMember } from '#shared/nodes.ts';
import { type Answer, parseAnswer } from './answer.ts';
import { catalogue, type HelperBy } from './catalogue.ts';
import { HELPER_CONTRACT } from './scripts/helper.ts';
import type { ExecOptions, ExecResult, Ssh } from './types.ts';

/** How long a node's answer holds; one that was prepared meanwhile is driven by its helper after that. */
const KNOWN_MS = 5 * 60_000;

type Service = Pick<FleetMember, 'unit' | 'configPath'>;
type Known = Service & { by: HelperBy | null; at: number };

/** Whether a node is prepared: it has a helper that our account may run for this service. Asked by one exec, once for all who want to know. */
export function createWays(deps: {
  ssh: Pick<Ssh, 'exec'>;
  clock: Clock;
  helperPath: string;
  heard: (node: FleetMember, result: ExecResult, answer: Answer | null) => void;
}) {
  const { ssh, clock, helperPath } = deps;
  const known = new Map<string, Known>();
  const asking = new Map<string, Promise<HelperBy | null>>();

  /** One answer serves all who ask meanwhile, so it hangs on nobody's signal and is nobody's output. */
  async function hello(node: FleetMember, { timeoutMs }: ExecOptions): Promise<HelperBy | null> {
    const result = await ssh.exec(node, catalogue.hello({ ...node, helperPath }), timeoutMs === undefined ? {} : { timeoutMs });
    const answer = parseAnswer(result.stdout);
    deps.heard(node, result, answer);
    const by = readHelper(answer?.first('helper'));
    if (answer !== null) known.set(node.id, { unit: node.unit, configPath: node.configPath, by, at: clock.now() });
    return by;
  }

  const ask = (node: FleetMember, options: ExecOptions): Promise<HelperBy | null> => {
    const going = asking.get(node.id);
    if (going) return going;
    const asked = hello(node, options).finally(() => asking.delete(node.id));
    asking.set(node.id, asked);
    return asked;
  };

  return {
    helperPath,
    ask,
    of(node: FleetMember, options: ExecOptions): Promise<HelperBy | null> {
      const found = known.get(node.id);
      const holds = found && found.unit === node.unit && found.configPath === node.configPath && clock.now() - found.at < KNOWN_MS;
      return holds ? Promise.resolve(found.by) : ask(node, options);
    },
    forget: (node: Pick<FleetMember, 'id'>): void => void known.delete(node.id),
  };
}

/** "sudo 1": by what, and the contract; a helper of another contract is not spoken to. */
function readHelper(line: string | undefined): HelperBy | null {
  const [by, contract] = (line ?? '').split(' ');
  return (by === 'root' || by === 'sudo') && Number(contract) === HELPER_CONTRACT ? by : null;
}
