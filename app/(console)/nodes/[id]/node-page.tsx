'use client';
import type { ReactNode } from 'react';
import { useFleet, useNode } from '#client/nodes.ts';
import { Page } from '#components/layout/page.tsx';

/** The breadcrumb carries the node's name as soon as anything knows it. */
export function NodePage({ id, children }: { id: string; children: ReactNode }) {
  const node = useNode(id);
  const fleet = useFleet();
  const name = node.data?.node.name ?? fleet.data?.nodes.find((one) => one.id === id)?.name ?? 'Node';
  return <Page crumbs={[{ label: 'Fleet', href: '/' }, { label: name }]}>{children}</Page>;
}
