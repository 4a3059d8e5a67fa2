'use client';
import { Pencil, Play, PowerOff, ScanSearch } from 'lucide-react';
import Link from 'next/link';
import { useLastFdLeak } from '#client/last-fd-leak.ts';
import { Button, LinkButton } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Card, Facts } from '#components/ui/card.tsx';
import { Chip } from '#components/ui/chip.tsx';
import { CopyButton } from '#components/ui/copy-button.tsx';
import { Mark } from '#components/ui/mark.tsx';
import { Age, Ago } from '#components/ui/now.tsx';
import { isNotFixed, poolWord, whyNotRun } from '#shared/node-words.ts';
import type { FleetNode, NodeDetail } from '#shared/nodes.ts';
import { runName } from '#shared/run-name.ts';
import { formatCount } from '#shared/units/count.ts';
import { RemoveNode } from './remove-node.tsx';
import { selectorOf } from './select-nodes.ts';

/** What the proxy itself says at start when the pool is on. */
const POOL_WARNINGS = [
  'Connection pooling enabled - only use for forward proxy scenarios!',
  'For transparent proxy (SNI-based routing), disable pooling to avoid leaks',
];

/** What to do or decide, then what is known. */
export function NodeRail({
  node,
  member,
  mayOperate,
  mayAdminister,
}: {
  node: FleetNode;
  member: NodeDetail['member'];
  mayOperate: boolean;
  mayAdminister: boolean;
}) {
  return (
    <aside className="rail" aria-label="Act and facts">
      <PoolCard node={node} mayOperate={mayOperate} />
      <SuggestedCard node={node} mayOperate={mayOperate} />
      <ConfigCard node={node} path={member.configPath} />
      <HostKeyCard node={node} />
      <FactsCard node={node} member={member} />
      {mayAdminister ? (
        <div className="row wrap">
          <LinkButton look="ghost" href={`/nodes/${encodeURIComponent(node.id)}/edit`}>
            <Pencil className="i s" aria-hidden="true" />
            Edit this node
          </LinkButton>
          <RemoveNode id={node.id} name={node.name} version={member.version} />
        </div>
      ) : null}
    </aside>
  );
}

function PoolCard({ node, mayOperate }: { node: FleetNode; mayOperate: boolean }) {
  const pool = poolWord(node);
  const selector = `selector=${encodeURIComponent(selectorOf([node.name]))}`;
  const count = (value: number | null) => (value === null ? 'no data' : formatCount(value));
  const refused = whyNotRun(node, mayOperate);
  return (
    <Card
      title="Connection pool"
      end={
        pool === 'unknown' ? (
          <Chip tone="unknown" mark="unknown">
            Not known
          </Chip>
        ) : (
          <Chip tone={pool === 'on' ? 'warn' : 'neutral'} mark={pool === 'on' ? 'warn' : 'wait'}>
            {pool === 'on' ? 'On' : 'Off'}
          </Chip>
        )
      }
    >
      <div className="grid gap-3">
        <Facts
          rows={[
            ['Idle sockets', count(node.pool.idle), 'idle'],
            ['Active', count(node.pool.active), 'active'],
          ]}
        />
        {pool === 'on' ? (
          <Callout tone="warn">
            {POOL_WARNINGS.map((warning) => (
              <p className="sm" key={warning}>
                {warning}
              </p>
            ))}
          </Callout>
        ) : null}
        {refused !== null ? (
          <div>
            <Button disabled>Turn pool {pool === 'on' ? 'off' : 'on'}…</Button>
            <p className="help">{refused}</p>
          </div>
        ) : pool === 'off' ? (
          <div>
            <LinkButton href={`/changes/new?${selector}&pool=on`}>Turn pool on…</LinkButton>
            <p className="help">Shows the diff first; nothing is sent before you start it.</p>
          </div>
        ) : (
          <div>
            <LinkButton look="danger" href={`/changes/new?${selector}&pool=off`}>
              <PowerOff className="i s" aria-hidden="true" />
              Turn pool off…
            </LinkButton>
            <p className="help">Shows the diff first, arms a way back, restarts once.</p>
          </div>
        )}
      </div>
    </Card>
  );
}

function SuggestedCard({ node, mayOperate }: { node: FleetNode; mayOperate: boolean }) {
  const leaking = node.leak.verdict === 'leaking';
  const last = useLastFdLeak(node.id, node.name);
  const href = `/runbooks/fd-leak?selector=${encodeURIComponent(selectorOf([node.name]))}`;
  const refused = whyNotRun(node, mayOperate);
  if (last && isNotFixed(node, last))
    return (
      <Card
        title="What to do next"
        end={
          <Chip tone="danger" mark="danger">
            Not fixed
          </Chip>
        }
      >
        <div className="grid gap-3">
          <p>
            The documented fix was tried <Ago at={last.finishedAt} /> and did not stop the leak:{' '}
            <Link href={`/runs/${encodeURIComponent(last.runId)}`}>{runName(last.runId)}</Link>. Its restart freed the fds for a while, no
            more.
          </p>
          <LinkButton className="justify-self-start" href={`/nodes/${encodeURIComponent(node.id)}?tab=fds`}>
            <ScanSearch className="i s" aria-hidden="true" />
            X-ray what grew
          </LinkButton>
          <p className="help">
            {refused ?? (
              <>
                To buy time without a cure:{' '}
                <Link href={`/runbooks/buy-time?selector=${encodeURIComponent(selectorOf([node.name]))}`}>raise the limit</Link> or{' '}
                <Link href={href}>run fd-leak again</Link>.
              </>
            )}
          </p>
        </div>
      </Card>
    );
  return (
    <Card title="Suggested runbook">
      <div className="grid gap-3">
        <p>
          <b className="t1 med">fd-leak</b>: measures, turns the pool off, restarts, and judges the slope at the same process age.{' '}
          {leaking
            ? 'A low count after the restart will prove nothing; the verdict will.'
            : 'This node is not called leaking: the run would say so.'}
        </p>
        <div className="row wrap">
          {refused === null ? (
            <LinkButton href={href}>
              <Play className="i s" aria-hidden="true" />
              Run fd-leak
            </LinkButton>
          ) : (
            <p className="help">{refused}</p>
          )}
          {leaking ? (
            <LinkButton look="ghost" href={`/nodes/${encodeURIComponent(node.id)}?tab=fds`}>
              <ScanSearch className="i s" aria-hidden="true" />
              X-ray what grew
            </LinkButton>
          ) : null}
        </div>
      </div>
    </Card>
  );
}

function ConfigCard({ node, path }: { node: FleetNode; path: string }) {
  return (
    <Card
      title="Config"
      end={
        node.drift ? (
          <Chip tone="warn" mark="drift">
            Drift
          </Chip>
        ) : null
      }
    >
      <Facts
        rows={[
          ['File', <code key="path">{path}</code>, 'path'],
          [
            'sha256',
            node.configSha256 === null ? (
              'not read yet'
            ) : (
              <span className="row" key="sha">
                <code title={node.configSha256}>{node.configSha256.slice(0, 12)}</code>
                <CopyButton text={node.configSha256} label="Copy the config's sha256" />
              </span>
            ),
            'sha',
          ],
        ]}
      />
      {node.drift ? (
        <p className="help">
          Not what was last agreed: someone edited it by hand. <Link href="?tab=config">See the file</Link>.
        </p>
      ) : null}
    </Card>
  );
}

function HostKeyCard({ node }: { node: FleetNode }) {
  const { fingerprint, blocked } = node.hostKey;
  return (
    <Card
      title="Host key"
      end={
        blocked ? (
          <Chip tone="danger" mark="danger">
            Changed
          </Chip>
        ) : fingerprint === null ? (
          <Chip tone="unknown" mark="unknown">
            Not approved
          </Chip>
        ) : (
          <Chip mark="ok">Approved</Chip>
        )
      }
    >
      {fingerprint === null ? (
        <div className="grid gap-3">
          <p>Nothing is sent to this node before its key is approved.</p>
          <LinkButton className="justify-self-start" href={`/nodes/new?node=${encodeURIComponent(node.id)}`}>
            Check and approve
          </LinkButton>
        </div>
      ) : (
        <span className="row">
          <code className="t1 break">{fingerprint}</code>
          <CopyButton text={fingerprint} label="Copy the fingerprint" />
        </span>
      )}
    </Card>
  );
}

function FactsCard({ node, member }: { node: FleetNode; member: NodeDetail['member'] }) {
  const { metrics } = member;
  return (
    <Card title="Facts">
      <Facts
        rows={[
          ['fd limit', node.fdLimit === null ? 'no data' : formatCount(node.fdLimit), 'limit'],
          ['Process age', node.processStart === null ? 'no data' : <Age since={node.processStart} key="age" />, 'age'],
          ['Last sample', node.lastSampleAt === null ? 'none yet' : <Ago at={node.lastSampleAt} key="ago" />, 'last'],
          ['SSH', <code key="ssh">{`${member.user}@${member.host}:${member.sshPort}`}</code>, 'ssh'],
          ['Unit', <code key="unit">{member.unit}</code>, 'unit'],
          [
            'Metrics',
            metrics.via === 'none' ? (
              'none: fds are counted over SSH'
            ) : (
              <span key="metrics">
                {metrics.via === 'ssh' ? 'through SSH' : 'by HTTP'} <code className="break">{metrics.url}</code>
              </span>
            ),
            'metrics',
          ],
          [
            'Drill',
            node.drill ? (
              <span className="row" key="drill">
                <Mark kind="unknown" />
                {node.drill}
              </span>
            ) : (
              'none'
            ),
            'drill',
          ],
        ]}
      />
    </Card>
  );
}
