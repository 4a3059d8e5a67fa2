import clsx from 'clsx';
import { type ReactNode, useId } from 'react';

/** A region with its title: 1 px line, no shadow. Never a card in a card. */
export function Card({
  title,
  meta,
  end,
  footer,
  children,
  className,
  flush,
}: {
  title?: ReactNode;
  meta?: ReactNode;
  /** actions at the right of the header */
  end?: ReactNode;
  footer?: ReactNode;
  children?: ReactNode;
  className?: string;
  /** no padding around the body: tables, lists */
  flush?: boolean;
}) {
  const id = useId();
  return (
    <section className={clsx('card', className)} aria-labelledby={title ? id : undefined}>
      {title ? (
        <header className="card-h">
          <h2 id={id}>{title}</h2>
          {meta ? <span className="meta">{meta}</span> : null}
          {end ? <span className="end">{end}</span> : null}
        </header>
      ) : null}
      {flush ? children : <div className="card-b">{children}</div>}
      {footer ? <footer className="card-f">{footer}</footer> : null}
    </section>
  );
}

/** Label and value pairs. */
export function Facts({ rows }: { rows: readonly (readonly [label: ReactNode, value: ReactNode, key: string])[] }) {
  return (
    <dl className="kv">
      {rows.map(([label, value, key]) => (
        <div key={key} className="contents">
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
