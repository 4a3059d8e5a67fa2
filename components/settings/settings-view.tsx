'use client';
import Link from 'next/link';
import { useFleet, useSshKey } from '#client/nodes.ts';
import { may, signOut, useSession } from '#client/session.ts';
import { useUrlChoice } from '#client/url-state.ts';
import { Button, LinkButton } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { CodeBlock } from '#components/ui/code-block.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import { TableFrame } from '#components/ui/table.tsx';
import { Tabs } from '#components/ui/tabs.tsx';
import type { Session } from '#shared/access.ts';
import { AccountTab } from './account-tab.tsx';
import { ChangeRulesCard } from './change-rules-card.tsx';
import { GrantsCard } from './grants-card.tsx';
import { PeopleCard } from './people-card.tsx';
import { TokensCard } from './tokens-card.tsx';

const TABS = [
  { value: 'account', label: 'Account' },
  { value: 'people', label: 'People' },
  { value: 'tokens', label: 'Tokens' },
  { value: 'changes', label: 'Changes' },
  { value: 'nodes', label: 'Nodes and SSH' },
] as const;
type Tab = (typeof TABS)[number]['value'];
const TAB_NAMES = TABS.map(({ value }) => value);

export function SettingsView() {
  const session = useSession();
  const [tab, setTab] = useUrlChoice('tab', TAB_NAMES, 'account');
  return (
    <>
      <div className="page-h">
        <div className="grow">
          <h1>Settings</h1>
          {session.data ? (
            <p className="sub">
              Signed in as {session.data.actor.name}, {session.data.actor.role}
            </p>
          ) : null}
        </div>
        <div className="actions only-m">
          <LinkButton href="/audit">Audit</LinkButton>
          <Button
            onClick={() =>
              void signOut()
                .catch(() => undefined)
                .then(() => window.location.assign('/login'))
            }
          >
            Sign out
          </Button>
        </div>
      </div>
      <div className="settings">
        <Tabs label="Settings" tabs={TABS} value={tab} onChange={setTab}>
          <div className="stack settings-panel">
            <Panel tab={tab} session={session.data} />
          </div>
        </Tabs>
      </div>
    </>
  );
}

function Panel({ tab, session }: { tab: Tab; session: Session | undefined }) {
  const known = session !== undefined;
  if (tab === 'account') return <AccountTab />;
  if (tab === 'people')
    return (
      <>
        <PeopleCard mayRead={may(session, 'user.read')} mayWrite={may(session, 'user.write')} known={known} />
        <GrantsCard mayRead={may(session, 'user.read')} mayWrite={may(session, 'user.write')} known={known} />
      </>
    );
  if (tab === 'tokens') return <TokensCard mayRead={may(session, 'token.read')} mayWrite={may(session, 'token.write')} known={known} />;
  if (tab === 'changes') return <ChangeRulesCard mayWrite={may(session, 'rule.write')} />;
  return (
    <>
      <SshKeyCard />
      <NodesCard mayAdd={may(session, 'node.write')} />
    </>
  );
}

function SshKeyCard() {
  const { data, error, refetch } = useSshKey();
  return (
    <Card title="SSH identity" meta="made by this console at its first start; the private half never leaves it">
      {data ? (
        <>
          <p className="mb-2">
            Put this line into <code>authorized_keys</code> of the account that the console uses on each node.
          </p>
          <CodeBlock label="public key" text={data.publicKey.trim()} />
        </>
      ) : error ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : (
        <Skeleton height={34} />
      )}
    </Card>
  );
}

function NodesCard({ mayAdd }: { mayAdd: boolean }) {
  const { data } = useFleet();
  return (
    <Card
      flush
      title="Nodes"
      meta={data ? `${data.nodes.length} registered` : null}
      end={
        mayAdd ? (
          <LinkButton small href="/nodes/new">
            Add node
          </LinkButton>
        ) : null
      }
    >
      <TableFrame label="Registered nodes" tight>
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col">State</th>
            <th scope="col">Host key</th>
            <th scope="col" className="p2">
              Labels
            </th>
          </tr>
        </thead>
        <tbody>
          {data?.nodes.slice(0, 200).map((node) => (
            <tr key={node.id}>
              <td>
                <Link className="name" href={`/nodes/${encodeURIComponent(node.id)}`}>
                  {node.name}
                </Link>
              </td>
              <td>{node.state}</td>
              <td>
                {node.hostKey.blocked ? (
                  <span className="fg-danger">changed, blocked</span>
                ) : node.hostKey.fingerprint === null ? (
                  <Link href={`/nodes/new?node=${encodeURIComponent(node.id)}`}>approve…</Link>
                ) : (
                  <code className="t3" title={node.hostKey.fingerprint}>
                    {node.hostKey.fingerprint.slice(0, 16)}…
                  </code>
                )}
              </td>
              <td className="p2 t3">
                {Object.entries(node.labels)
                  .map(([key, value]) => (value === '' ? key : `${key}=${value}`))
                  .join(' ')}
              </td>
            </tr>
          ))}
        </tbody>
      </TableFrame>
    </Card>
  );
}
