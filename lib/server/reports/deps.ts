import type { Db } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import type { MetricStore } from '#server/metrics/index.ts';
import type { FleetNode } from '#shared/nodes.ts';

export type ReportsDeps = { db: Db; metrics: Pick<MetricStore, 'query'>; fleet(): Promise<FleetNode[]>; clock: Clock };
/** Which nodes the reader may see, and whether drills, which no grant on some nodes lets anybody see. */
export type Sees = { has(nodeId: string): boolean; some(nodeIds: readonly string[]): boolean; drills: boolean };
export type Span = { fromMs: number; toMs: number };
