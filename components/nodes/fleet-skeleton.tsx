import { Card } from '#components/ui/card.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';

const KPIS = ['first', 'leaking', 'headroom', 'connections', 'unexplained', 'blind', 'drift'];
const ROWS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/** Room for what the card will hold. */
const Bars = () => (
  <div className="sk-card">
    <Skeleton />
    <Skeleton width="80%" />
    <Skeleton width="92%" />
    <Skeleton width="70%" />
    <Skeleton width="86%" />
  </div>
);

export function FleetSkeleton() {
  return (
    <Loading what="the fleet">
      <div className="page-h">
        <div className="input selector off">
          <Skeleton width={180} />
        </div>
      </div>
      <div className="kpis">
        {KPIS.map((key) => (
          <div className="kpi" key={key}>
            <div className="grid gap-3 py-1">
              <Skeleton width="60%" />
              <Skeleton width="45%" height={20} />
              <Skeleton width="70%" />
            </div>
          </div>
        ))}
      </div>
      <div className="duo">
        <Card flush title="Who dies first" meta="time to EMFILE, 95 % band, this process life">
          <Bars />
        </Card>
        <Card flush title="Headroom" meta="one cell a node">
          <Bars />
        </Card>
      </div>
      <div className="card mt-[var(--gap)]">
        {ROWS.map((key) => (
          <div className="sk-row" key={key}>
            <Skeleton round height={12} />
            <Skeleton />
            <Skeleton width="70%" />
            <Skeleton />
            <Skeleton />
          </div>
        ))}
      </div>
    </Loading>
  );
}
