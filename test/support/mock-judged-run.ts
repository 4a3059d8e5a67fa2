import type { Run } from '#shared/runs.ts';
import { simulation } from './simulated-console.ts';

const WARM_MS = 300_000;
const AFTER_MS = 24_000;

/**
 * The fd-leak run by the real engine on a simulated node that leaks whatever the pool does: judged "not fixed", and waiting at its last gate.
 * `atMs` is the instant at which it stands so; the same at every call.
 */
export async function judgedRun(id: string, node: { id: string; name: string }): Promise<{ run: Run; atMs: number }> {
  const ends: (() => void)[] = [];
  const world = simulation({ after: (end) => void ends.push(end as () => void) }, [{ name: node.name, leak: 'always' }]);
  await world.time.pass(WARM_MS);
  const console = await world.openConsole();
  const started = await console.start({ selector: `name=${node.name}`, strategy: { gates: 'manual', confirmSeconds: 900 } });
  const asked = (run: Run) => run.status === 'waiting' && run.verdict !== null;
  const run = await world.until(console, started.id, asked);
  const atMs = world.time.clock.now() + AFTER_MS;
  for (const end of ends) end();
  const text = JSON.stringify(run).replaceAll(started.id, id).replaceAll(`"nodeId":"n_${node.name}"`, `"nodeId":"${node.id}"`);
  return { run: JSON.parse(text), atMs };
}
