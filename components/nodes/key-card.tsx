'use client';
import { useSshKey } from '#client/nodes.ts';
import { Card } from '#components/ui/card.tsx';
import { CodeBlock } from '#components/ui/code-block.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';

/** What must be on a host before the console can sign in there. */
export function KeyCard() {
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
