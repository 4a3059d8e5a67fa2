'use client';
import { LogOut } from 'lucide-react';
import Link from 'next/link';
import { useOpenIncidents } from '#client/incidents.ts';
import { mayAll, signOut } from '#client/session.ts';
import { useStop } from '#client/stop-all.ts';
import { Button } from '#components/ui/button.tsx';
import { Mark } from '#components/ui/mark.tsx';
import type { Session } from '#shared/access.ts';
import type { Fleet } from '#shared/nodes.ts';
import { formatCount, plural } from '#shared/units/count.ts';
import { Brand } from './brand.tsx';
import { GOVERN_NAV, isCurrent, MAIN_NAV, type NavItem } from './nav.ts';
import { StopAll } from './stop-all.tsx';

export function Sidebar({ fleet, session, path }: { fleet: Fleet | undefined; session: Session | undefined; path: string }) {
  const openIncidents = useOpenIncidents();
  const { asking } = useStop();
  const liveRuns = new Set(fleet?.nodes.map((node) => node.activeRunId).filter((id) => id !== null)).size;
  return (
    <aside className="side" aria-label="Sidebar">
      <div className="side-in">
        <Brand />
        <Nav
          label="Main"
          items={MAIN_NAV}
          path={path}
          counts={{
            runs: asking > 0 ? `${asking} ${asking === 1 ? 'asks' : 'ask'} you` : liveRuns > 0 ? `${liveRuns} live` : undefined,
            incidents: openIncidents > 0 ? String(openIncidents) : undefined,
          }}
        />
        <div className="nav-sep">Govern</div>
        <Nav label="Govern" items={GOVERN_NAV} path={path} counts={{}} />
        <div className="side-foot">
          {mayAll(session, 'run.control') ? <StopAll /> : null}
          {fleet && fleet.nodes.length > 0 ? <Collector fleet={fleet} /> : null}
          {session ? <Me session={session} /> : null}
        </div>
      </div>
    </aside>
  );
}

function Nav({
  label,
  items,
  path,
  counts,
}: {
  label: string;
  items: readonly NavItem[];
  path: string;
  counts: { runs?: string | undefined; incidents?: string | undefined };
}) {
  return (
    <nav className="nav" aria-label={label}>
      {items.map((item) => (
        <Link key={item.key} href={item.href} aria-current={isCurrent(item, path) ? 'page' : undefined}>
          <item.icon className="i" aria-hidden="true" />
          {item.label}
          {item.key === 'incidents' && counts.incidents ? (
            <span className="n bad">
              {counts.incidents}
              <span className="vh"> open</span>
            </span>
          ) : null}
          {item.key === 'runs' && counts.runs ? <span className="n live">{counts.runs}</span> : null}
        </Link>
      ))}
    </nav>
  );
}

/** Is the console itself seeing its nodes? */
function Collector({ fleet }: { fleet: Fleet }) {
  const asOf = Date.parse(fleet.asOf);
  const fresh = fleet.nodes.filter((node) => node.lastSampleAt !== null && asOf - Date.parse(node.lastSampleAt) < 20_000).length;
  const answering = fleet.nodes.filter((node) => node.state === 'up' || node.state === 'degraded').length;
  const all = fleet.nodes.length;
  return (
    <div className="collector">
      <b>Collector</b>
      <Mark kind={fresh === all ? 'ok' : 'warn'} label={fresh === all ? 'all nodes are read' : `${all - fresh} nodes are not read`} />
      <span>{plural(all, 'node')}</span>
      <span>{formatCount(fresh)} fresh</span>
      <span>answering</span>
      <span>
        {formatCount(answering)} of {formatCount(all)}
      </span>
    </div>
  );
}

function Me({ session }: { session: Session }) {
  const { name, role } = session.actor;
  const leave = () =>
    signOut()
      .catch(() => undefined) // a session that is gone already is as good as ended
      .then(() => window.location.assign('/login'));
  return (
    <div className="me">
      <span className="avatar" aria-hidden="true">
        {name.slice(0, 2).toUpperCase()}
      </span>
      <span className="ell">{name}</span>
      <span className="push t3 font-normal">{role}</span>
      <Button look="ghost" icon small aria-label="Sign out" title="Sign out" onClick={() => void leave()}>
        <LogOut className="i s" aria-hidden="true" />
      </Button>
    </div>
  );
}
