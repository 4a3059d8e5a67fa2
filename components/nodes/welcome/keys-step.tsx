'use client';
import { useEffect, useState } from 'react';
import { useCheckNode, useHostKey, usePinHostKey } from '#client/nodes.ts';
import { Button, LinkButton } from '#components/ui/button.tsx';
import { Card, Facts } from '#components/ui/card.tsx';
import { Chip } from '#components/ui/chip.tsx';
import { Command } from '#components/ui/code-block.tsx';
import { AreaField } from '#components/ui/field.tsx';
import { ProblemNote } from '#components/ui/problem-note.tsx';
import type { FleetNode } from '#shared/nodes.ts';
import { plural } from '#shared/units/count.ts';
import { HostKeyChip, ShownKey } from '../host-key-state.tsx';
import { saysFingerprint } from './steps.ts';

/** Each host's key, to be compared by a person; nothing is sent to a host before. */
export function KeysStep({ nodes, onNext }: { nodes: readonly FleetNode[]; onNext: () => void }) {
  const [pasted, setPasted] = useState('');
  const open = nodes.filter(({ hostKey }) => hostKey.fingerprint === null).length;
  return (
    <div className="stack">
      <Card title="How to compare">
        <div className="form">
          <p>
            On each host’s own console, not through this network, run the command below. Only if the fingerprint is the one shown here is it
            your host that answers.
          </p>
          <Command text="ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" />
          <AreaField
            label="What it printed (optional)"
            help="Paste the lines of all hosts; equal ones are marked below. The page compares, nothing is sent."
            rows={2}
            spellCheck={false}
            value={pasted}
            onChange={({ target }) => setPasted(target.value)}
          />
        </div>
      </Card>
      {nodes.map((node) => (
        <HostKey key={node.id} node={node} pasted={pasted} />
      ))}
      <div className="form-foot">
        <Button look={open === 0 ? 'primary' : 'plain'} onClick={onNext}>
          {open === 0 ? 'Next: self-test' : 'Go on without'}
        </Button>
        {open > 0 ? <span className="t3">{plural(open, 'host key')} not approved: those hosts are not spoken to.</span> : null}
      </div>
    </div>
  );
}

function HostKey({ node, pasted }: { node: FleetNode; pasted: string }) {
  const { data, error } = useHostKey(node.id);
  const check = useCheckNode(node.id);
  const pin = usePinHostKey(node.id);
  const { mutate: ask } = check;
  const unknown = node.hostKey.fingerprint === null;
  useEffect(() => {
    if (unknown) ask();
  }, [ask, unknown]);
  const [pinned, offered] = [data?.pinned ?? null, data?.offered ?? null];
  const same = offered === null ? null : saysFingerprint(pasted, offered);
  const failed = check.data?.checks.find(({ status }) => status === 'fail');
  return (
    <Card title={node.name} end={<HostKeyChip blocked={data?.blocked === true} approved={pinned !== null} />}>
      <div className="grid gap-3">
        <Facts
          rows={[
            ['The host shows', <ShownKey key="offered" fingerprint={offered ?? pinned} asking={check.isPending} />, 'offered'],
            ...(same === null
              ? []
              : [
                  [
                    'Compared',
                    same ? (
                      <Chip key="same" tone="ok" mark="ok">
                        Equal to what you pasted
                      </Chip>
                    ) : (
                      <Chip key="same" tone="danger" mark="danger">
                        Not among what you pasted
                      </Chip>
                    ),
                    'compared',
                  ] as const,
                ]),
          ]}
        />
        {pinned === null && offered === null && !check.isPending && failed ? (
          <>
            <p>{failed.detail}</p>
            {failed.fix ? <Command text={failed.fix} /> : null}
          </>
        ) : null}
        <ProblemNote error={pin.error ?? check.error ?? error} />
        {data?.blocked ? (
          <LinkButton small href={`/nodes/${encodeURIComponent(node.id)}`}>
            Decide on the node’s page
          </LinkButton>
        ) : pinned === null ? (
          <div className="form-foot">
            {offered !== null ? (
              <Button
                look="primary"
                disabled={pin.isPending || same === false}
                onClick={() => pin.mutate({ fingerprint: offered }, { onSuccess: () => ask() })}
              >
                They are equal: approve {node.name}
              </Button>
            ) : null}
            <Button disabled={check.isPending} onClick={() => ask()}>
              {check.isPending ? 'Asking…' : 'Ask again'}
            </Button>
          </div>
        ) : null}
      </div>
    </Card>
  );
}
