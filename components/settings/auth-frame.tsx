import type { ReactNode } from 'react';
import { Logo } from '#components/ui/logo.tsx';

export function AuthFrame({ title, lead, children }: { title: string; lead: ReactNode; children: ReactNode }) {
  return (
    <div>
      <div className="brand">
        <Logo />
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
