import { Loading, Skeleton } from '#components/ui/skeleton.tsx';

export function NodeSkeleton() {
  return (
    <Loading what="the node">
      <div className="page-h">
        <div className="grid gap-3 grow">
          <Skeleton width={180} height={24} />
          <Skeleton width={420} />
        </div>
      </div>
      <div className="kpis node-kpis">
        <div className="say grid gap-3">
          <Skeleton width="50%" />
          <Skeleton width="90%" height={16} />
        </div>
        {['open', 'headroom', 'per', 'slope', 'emfile'].map((key) => (
          <div className="kpi" key={key}>
            <div className="grid gap-3 py-1">
              <Skeleton width="60%" />
              <Skeleton width="45%" height={20} />
            </div>
          </div>
        ))}
      </div>
      <div className="node-grid">
        <div className="card sk-card">
          <Skeleton width={160} height={14} />
          <Skeleton height={320} />
        </div>
        <div className="rail">
          <div className="card sk-card">
            <Skeleton width={120} height={14} />
            <Skeleton />
            <Skeleton width="70%" />
          </div>
        </div>
      </div>
    </Loading>
  );
}
