import { type NodeInput, nodeInputSchema } from '#shared/nodes.ts';

/** A node as a form holds it: every field is text. */
export type NodeDraft = {
  name: string;
  host: string;
  sshPort: string;
  user: string;
  unit: string;
  configPath: string;
  via: string;
  url: string;
  labels: string;
  transport: string;
  proxyJump: string;
  proxyJumpKey: string;
};

export const EMPTY_NODE: NodeDraft = {
  name: '',
  host: '',
  sshPort: '22',
  user: 'sre',
  unit: 'sniproxy',
  configPath: '/etc/sniproxy/config.yaml',
  via: 'ssh',
  url: 'http://127.0.0.1:9090/metrics',
  labels: '',
  transport: 'ssh2',
  proxyJump: '',
  proxyJumpKey: '',
};

export function draftOf(node: NodeInput): NodeDraft {
  return {
    ...{ name: node.name, host: node.host, sshPort: String(node.sshPort), user: node.user, unit: node.unit, configPath: node.configPath },
    via: node.metrics.via,
    url: node.metrics.url ?? EMPTY_NODE.url,
    labels: Object.entries(node.labels)
      .map(([key, value]) => (value === '' ? key : `${key}=${value}`))
      .join(' '),
    transport: node.transport ?? 'ssh2',
    proxyJump: node.proxyJump ?? '',
    proxyJumpKey: node.proxyJumpKey ?? '',
  };
}

/** What is sent, or the message of each field that cannot be. Jump host fields count only with the system's ssh. */
export function inputOf(draft: NodeDraft): { ok: true; input: NodeInput } | { ok: false; errors: Record<string, string> } {
  const system = draft.transport === 'openssh';
  const [jump, jumpKey] = [draft.proxyJump.trim(), draft.proxyJumpKey.trim()];
  const parsed = nodeInputSchema.safeParse({
    ...{
      name: draft.name.trim(),
      host: draft.host.trim(),
      sshPort: Number(draft.sshPort),
      user: draft.user.trim(),
      unit: draft.unit.trim(),
    },
    configPath: draft.configPath.trim(),
    metrics: draft.via === 'none' ? { via: 'none' } : { via: draft.via, url: draft.url.trim() },
    labels: parseLabels(draft.labels),
    transport: draft.transport,
    proxyJump: system && jump !== '' ? jump : null,
    proxyJumpKey: system && jump !== '' && jumpKey !== '' ? jumpKey : null,
  });
  if (parsed.success) return { ok: true, input: parsed.data };
  return { ok: false, errors: byField(parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }))) };
}

const parseLabels = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split(/[\s,]+/)
      .filter(Boolean)
      .map((term) => {
        const at = term.indexOf('=');
        return at < 0 ? [term, ''] : [term.slice(0, at), term.slice(at + 1)];
      }),
  );

/** Messages of one label come under the one labels field. */
export function byField(issues: readonly { path: string; message: string }[]): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const { path, message } of issues) {
    const field = path.startsWith('labels') ? 'labels' : path;
    if (!(field in errors)) errors[field] = message;
  }
  return errors;
}
