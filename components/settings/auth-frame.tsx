import type { ReactNode } from 'react';

export function AuthFrame({ title, lead, children }: { title: string; lead: ReactNode; children: ReactNode }) {
  return (
    <div>
      <div className="brand">
        <svg viewBox="0 0 20 20" aria-hidden="true">
          <path d="M2 3h16" stroke="var(--text-1)" strokeWidth="2.4" strokeLinecap="round" />
          <path d="M4.5 17v-4M10 17V9.5M15.5 17v-6" stroke="var(--accent-line)" strokeWidth="3.4" strokeLinecap="round" />
        </svg>
        Headroom
      </div>
      <section className="card">
        <div className="card-b grid gap-4">
          <div>
            <h1>{title}</h1>
            <p className="t3">{lead}</p>
          </div>
          {children}
        </div>
      </section>
    </div>
  );
}
