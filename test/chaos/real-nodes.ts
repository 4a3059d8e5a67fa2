import assert from 'node:assert/strict';
import type { Run } from '#shared/runs.ts';
import type { FakeNode } from '#test/support/fake-node.ts';
import { startOpenSsh } from '#test/support/ssh-servers.ts';
import type { Chaotic } from './process.ts';

export type CleanUp = { after(fn: () => void | Promise<void>): void };

/** Two nodes behind sshd, on which the console's own key is let in and whose host keys are approved. */
export async function registerNodes(t: CleanUp, console: Chaotic, nodes: readonly FakeNode[]): Promise<void> {
  const { publicKey } = (await console.ask('GET', 'ssh-key')).json as { publicKey: string };
  for (const [i, node] of nodes.entries()) {
    const server = await startOpenSsh(t, { env: { PATH: node.env.PATH }, client: { private: '', public: publicKey } });
    const body = {
      name: `real-${i + 1}`,
      host: '127.0.0.1',
      sshPort: server.port,
      user: server.user,
      configPath: node.configPath,
      metrics: { via: 'none' },
      labels: { group: 'real' },
    };
    const added = await console.ask('POST', 'nodes', { body });
    assert.equal(added.status, 201, JSON.stringify(added.json));
    const { id } = added.json as { id: string };
    const pinned = await console.ask('POST', `nodes/${id}/host-key`, { body: { fingerprint: server.fingerprint() } });
    assert.ok(pinned.status < 300, JSON.stringify(pinned.json));
  }
}

/** A node was restarted as often as runs say that they restarted it, and never more often than runs tried. */
export function assertRestarts(runs: readonly Run[], nodes: readonly FakeNode[], restarts: readonly number[]): void {
  for (const [i, node] of nodes.entries()) {
    const steps = runs
      .flatMap((run) => run.targets)
      .filter((target) => target.name === `real-${i + 1}`)
      .flatMap((target) => target.steps.filter((step) => step.key === 'restart'));
    const sure = steps.filter((step) => step.status === 'succeeded').length;
    const most = steps.filter((step) => step.status !== 'pending').length;
    const is = restarts[i] ?? 0;
    assert.ok(is >= sure && is <= most, `${node.member.name} was restarted ${is} times: ${sure} runs say that they did, ${most} may have`);
  }
}
