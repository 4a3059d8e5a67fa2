'use client';
import { useAlerts, useChannels } from '#client/notify.ts';
import { may, useSession } from '#client/session.ts';
import { useUrlChoice } from '#client/url-state.ts';
import { Tabs } from '#components/ui/tabs.tsx';
import { ChannelsTab } from './channels-tab.tsx';
import { DeliveriesTab } from './deliveries-tab.tsx';
import { FiringTab } from './firing-tab.tsx';
import { RulesTab } from './rules-tab.tsx';
import { SilencesTab } from './silences-tab.tsx';

const NAMES = ['firing', 'rules', 'silences', 'channels', 'deliveries'] as const;

/** Everything between a rule and a person: what fires, by which rules, what holds it back, where it goes, what became of it. */
export function AlertsView() {
  const { data: session } = useSession();
  const [tab, setTab] = useUrlChoice('tab', NAMES, 'firing');
  const firing = useAlerts().data?.alerts.filter(({ kind }) => kind === 'signal').length;
  const dead = useChannels().data?.channels.reduce((sum, channel) => sum + channel.dead, 0);
  const tabs = [
    { value: 'firing' as const, label: 'Firing', ...(firing !== undefined && { count: firing }) },
    { value: 'rules' as const, label: 'Rules' },
    { value: 'silences' as const, label: 'Silences' },
    { value: 'channels' as const, label: 'Channels' },
    { value: 'deliveries' as const, label: 'Deliveries', ...(dead !== undefined && dead > 0 && { count: dead }) },
  ];
  return (
    <Tabs label="Alerts" tabs={tabs} value={tab} onChange={setTab}>
      <div className="stack notify">
        {tab === 'firing' ? <FiringTab maySilence={may(session, 'silence.write')} onRules={() => setTab('rules')} /> : null}
        {tab === 'rules' ? <RulesTab mayWrite={may(session, 'alert.write')} /> : null}
        {tab === 'silences' ? <SilencesTab mayWrite={may(session, 'silence.write')} /> : null}
        {tab === 'channels' ? <ChannelsTab mayWrite={may(session, 'channel.write')} /> : null}
        {tab === 'deliveries' ? <DeliveriesTab mayRetry={may(session, 'alert.write')} /> : null}
      </div>
    </Tabs>
  );
}
