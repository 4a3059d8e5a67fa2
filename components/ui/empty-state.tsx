import type { ReactNode } from 'react';

/** Nothing here yet: teaches the next act. `ways` are the acts, the best one first. */
export function EmptyState({ title, lead, children }: { title: string; lead: ReactNode; children?: ReactNode }) {
  return (
    <section className="card">
      <div className="empty">
        <div>
          <h2>{title}</h2>
          <p className="lede">{lead}</p>
        </div>
        {children}
      </div>
    </section>
  );
}

export function Way({ icon, title, children, best }: { icon: ReactNode; title: string; children: ReactNode; best?: boolean }) {
  return (
    <div className={best ? 'way best' : 'way'}>
      <h3>
        {icon}
        {title}
      </h3>
      {children}
    </div>
  );
}
