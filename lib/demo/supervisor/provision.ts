import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { metricsUrl, type NodePlan, SSH_USER, UNIT } from '../node/plan.ts';

export type Keys = { apiToken: string; signInKey: string };

/** Read by the console at its start in demo mode. */
export function writeProvisionFile(dataDir: string, keys: Keys): void {
  fs.writeFileSync(path.join(dataDir, 'provision.json'), `${JSON.stringify(keys)}\n`, { mode: 0o600 });
}

const ANSWER_WITHIN_MS = 12_000;
const publicKeySchema = z.object({ publicKey: z.string().regex(/^ssh-/) });
const createdSchema = z.object({ id: z.string() });

/** `SHA256:…` of a public key line, as `ssh-keygen -lf` prints it. */
export function fingerprintOf(publicKeyLine: string): string {
  const blob = Buffer.from(publicKeyLine.split(' ')[1] ?? '', 'base64');
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

/** Lets the console in on every node, registers the nodes with it and pins their host keys. Each step is tried until the console takes it. */
export async function provision(options: { url: string; keys: Keys; nodes: NodePlan[]; isOver: () => boolean }): Promise<void> {
  const { url, keys, nodes, isOver } = options;
  const api = async (method: string, route: string, body?: unknown): Promise<{ status: number; json: unknown }> => {
    const headers: Record<string, string> = { authorization: `Bearer ${keys.apiToken}` };
    if (body !== undefined) {
      headers['content-type'] = 'application/json';
      // the same request again after a console that fell over gets the same answer
      headers['idempotency-key'] = `demo-${createHash('sha256')
        .update(`${route} ${JSON.stringify(body)}`)
        .digest('hex')
        .slice(0, 32)}`;
    }
    const init: RequestInit = { method, headers, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) };
    if (body !== undefined) init.body = JSON.stringify(body);
    const response = await fetch(`${url}/api/v1/${route}`, init);
    const text = await response.text();
    if (response.status >= 500) throw new Error(`${method} ${route}: ${response.status} ${text.slice(0, 300)}`);
    return { status: response.status, json: parse(text) };
  };
  /** what fails because the console is not up yet, or fell over, is done again; what it refuses is an error of the demo */
  const insist = async <T>(work: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (error instanceof Refused || isOver()) throw error;
        await sleep(200);
      }
    }
  };
  const post = (route: string, body: unknown) =>
    insist(async () => {
      const { status, json } = await api('POST', route, body);
      if (status >= 300) throw new Refused(`the console refused POST ${route}: ${status} ${JSON.stringify(json)}`);
      return { status, json };
    });

  const publicKey = await insist(async () => publicKeySchema.parse((await api('GET', 'ssh-key')).json).publicKey);
  for (const node of nodes) fs.appendFileSync(node.authorizedKeysPath, `${publicKey.trim()}\n`);
  for (const node of nodes) {
    const { json } = await post('nodes', registration(node));
    const { id } = createdSchema.parse(json);
    const fingerprint = fingerprintOf(fs.readFileSync(`${node.hostKeyPath}.pub`, 'utf8'));
    await post(`nodes/${id}/host-key`, { fingerprint, reason: 'made by the demo for this node' });
  }
}

class Refused extends Error {}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text.slice(0, 300);
  }
};

const registration = (node: NodePlan) => ({
  name: node.name,
  host: '127.0.0.1',
  sshPort: node.ports.ssh,
  user: SSH_USER,
  unit: UNIT,
  configPath: node.configPath,
  metrics: { via: node.metricsVia, url: metricsUrl(node) },
  labels: { ...node.labels, drills: 'allowed' },
});
