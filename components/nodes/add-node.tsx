'use client';
import { type FormEvent, useState } from 'react';
import { useAddNode, useSshKey } from '#client/nodes.ts';
import { may, useSession } from '#client/session.ts';
import { useUrlState } from '#client/url-state.ts';
import { Button, LinkButton } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Card } from '#components/ui/card.tsx';
import { CodeBlock } from '#components/ui/code-block.tsx';
import { asProblem } from '#components/ui/error-state.tsx';
import { SelectField, TextField } from '#components/ui/field.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import { nodeInputSchema } from '#shared/nodes.ts';
import { NodeCheck } from './node-check.tsx';

const EMPTY = {
  name: '',
  host: '',
  sshPort: '22',
  user: 'sre',
  unit: 'sniproxy',
  configPath: '/etc/sniproxy/config.yaml',
  via: 'ssh',
  url: 'http://127.0.0.1:9090/metrics',
  labels: '',
};
type Draft = typeof EMPTY;

/** Register, compare the host key, see what is missing. With ?node= it starts at the second step, for a node that exists. */
export function AddNodeView() {
  const [nodeId, setNodeId] = useUrlState('node');
  const session = useSession();
  if (session.data && !may(session.data, 'node.write'))
    return (
      <Callout tone="unknown">
        Adding a node needs the admin role; you are {session.data.actor.role}. The console dials only what an admin registered.
      </Callout>
    );
  return (
    <>
      <div className="page-h">
        <div className="grow">
          <h1>{nodeId === null ? 'Add a node' : 'Approve and check'}</h1>
          <p className="sub">
            {nodeId === null
              ? 'Nothing is changed on the host. The console reads /proc, config.yaml and the metrics page.'
              : 'Nothing is sent to the host before its key is approved.'}
          </p>
        </div>
        {nodeId === null ? (
          <div className="actions">
            <LinkButton href="/nodes/import">Import a list</LinkButton>
          </div>
        ) : null}
      </div>
      <div className="add-grid">
        {nodeId === null ? <NodeForm onAdded={setNodeId} /> : <NodeCheck id={nodeId} />}
        <KeyCard />
      </div>
    </>
  );
}

function KeyCard() {
  const { data } = useSshKey();
  return (
    <Card title="On the host, once">
      <ol className="steps-list">
        <li>
          <span>
            An account that may read <code>/proc</code> of the proxy and restart its unit: root, or one with <code>sudo -n</code>.
          </span>
        </li>
        <li>
          <div className="grid gap-2">
            <span>
              This console’s key in its <code>authorized_keys</code>:
            </span>
            {data ? <CodeBlock label="public key" text={data.publicKey.trim()} /> : <Skeleton height={34} />}
          </div>
        </li>
        <li>
          <div className="grid gap-2">
            <span>The fingerprint to compare, on the host’s own console:</span>
            <CodeBlock label="command" text="ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" />
          </div>
        </li>
      </ol>
    </Card>
  );
}

function NodeForm({ onAdded }: { onAdded: (id: string) => void }) {
  const add = useAddNode();
  const [draft, setDraft] = useState<Draft>(EMPTY);
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const labels = parseLabels(draft.labels);
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
      labels,
    });
    if (!parsed.success) return setWrong(byField(parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }))));
    setWrong({});
    add.mutate(parsed.data, {
      onSuccess: ({ id }) => onAdded(id),
      onError: (error) => setWrong(byField('fields' in error && Array.isArray(error.fields) ? error.fields : [])),
    });
  };
  const field = (name: keyof Draft, error = wrong[name]) => ({
    value: draft[name],
    error,
    onChange: (event: { target: { value: string } }) => setDraft((before) => ({ ...before, [name]: event.target.value })),
  });
  return (
    <Card title="The node">
      <form className="form" onSubmit={submit} noValidate>
        <div className="form-row">
          <TextField label="Name" help="As it will be called everywhere: edge-fra-03" {...field('name')} />
          <TextField label="Labels" help="zone=eu group=edge canary" {...field('labels')} />
        </div>
        <div className="form-row">
          <TextField label="Host" help="Name or address that this console reaches" {...field('host')} />
          <TextField label="SSH port" inputMode="numeric" {...field('sshPort')} />
          <TextField label="User" {...field('user')} />
        </div>
        <div className="form-row">
          <TextField label="systemd unit" {...field('unit')} />
          <TextField label="config.yaml" {...field('configPath')} />
        </div>
        <div className="form-row">
          <SelectField label="Metrics page is read" {...field('via')}>
            <option value="ssh">through SSH</option>
            <option value="http">by HTTP</option>
            <option value="none">not at all: count fds over SSH</option>
          </SelectField>
          {draft.via === 'none' ? null : (
            <TextField
              label="Metrics URL"
              help={draft.via === 'ssh' ? 'As seen from the node itself' : 'As seen from this console'}
              {...field('url', wrong['metrics.url'] ?? wrong.metrics)}
            />
          )}
        </div>
        {add.error ? (
          <Callout tone="danger" live>
            {asProblem(add.error).detail}
          </Callout>
        ) : null}
        <div className="form-foot">
          <Button look="primary" type="submit" disabled={add.isPending}>
            {add.isPending ? 'Adding…' : 'Add node'}
          </Button>
          <span className="sm t3">Next: compare its host key.</span>
        </div>
      </form>
    </Card>
  );
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
function byField(issues: readonly { path: string; message: string }[]): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const { path, message } of issues) {
    const field = path.startsWith('labels') ? 'labels' : path;
    if (!(field in errors)) errors[field] = message;
  }
  return errors;
}
