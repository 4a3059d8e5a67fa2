'use client';
import { FLEET_REFETCH_MS, useNode } from '#client/nodes.ts';
import { queryKeys } from '#client/query-keys.ts';
import { may, useSession } from '#client/session.ts';
import { useSteadyRefetch } from '#client/steady-refetch.ts';
import { useUrlChoice } from '#client/url-state.ts';
import { ErrorState } from '#components/ui/error-state.tsx';
import { Tabs } from '#components/ui/tabs.tsx';
import { FdXray } from './fd-xray.tsx';
import { BlockedHostKey } from './host-key.tsx';
import { NodeCharts } from './node-charts.tsx';
import { NodeConfigTab } from './node-config.tsx';
import { NodeHead } from './node-head.tsx';
import { NodeHistory } from './node-history.tsx';
import { NodeKpis } from './node-kpis.tsx';
import { NodeLogs } from './node-logs.tsx';
import { NodeRail } from './node-rail.tsx';
import { NodeSkeleton } from './node-skeleton.tsx';

const TABS = ['overview', 'fds', 'config', 'logs', 'history'] as const;
const LABELS = { overview: 'Overview', fds: 'fd X-ray', config: 'Config', logs: 'Logs', history: 'History' } as const;

/** What is this node doing, and why? */
export function NodeView({ id }: { id: string }) {
  const { data, error, refetch } = useNode(id);
  useSteadyRefetch(queryKeys.node(id), FLEET_REFETCH_MS);
  const session = useSession();
  const [tab, setTab] = useUrlChoice('tab', TABS, 'overview');
  if (!data) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <NodeSkeleton />;
  const { node, member } = data;
  const mayOperate = may(session.data, 'run.start');
  return (
    <>
      <NodeHead node={node} member={member} mayOperate={mayOperate} />
      {node.hostKey.blocked ? <BlockedHostKey node={node} mayPin={may(session.data, 'node.host-key')} /> : null}
      <NodeKpis node={node} said={data.verdict} />
      <div className="node-grid">
        <section className="card node-main">
          <Tabs label="About this node" tabs={TABS.map((value) => ({ value, label: LABELS[value] }))} value={tab} onChange={setTab}>
            {tab === 'overview' ? <NodeCharts node={node} /> : null}
            {tab === 'fds' ? <FdXray id={id} mayLook={may(session.data, 'fleet.inspect')} /> : null}
            {tab === 'config' ? <NodeConfigTab id={id} /> : null}
            {tab === 'logs' ? <NodeLogs id={id} unit={member.unit} /> : null}
            {tab === 'history' ? <NodeHistory name={node.name} /> : null}
          </Tabs>
        </section>
        <NodeRail node={node} member={member} mayOperate={mayOperate} mayAdminister={may(session.data, 'node.write')} />
      </div>
    </>
  );
}
