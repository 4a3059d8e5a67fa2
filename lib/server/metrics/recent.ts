import type { Sample } from '#shared/metrics.ts';
import { createCells } from './cells.ts';
import { readSample, SAMPLE_WIDTH, sameThinned, withoutUnjudged, writeSample } from './sample-row.ts';
import { Trail } from './trail.ts';

/** A page and a probe that were asked at the same moment may answer in the other order; a clock that is set back jumps further. */
const OVERTAKEN_MS = 10_000;

/**
 * The newest samples of each node, for judging without a query: all of the last `keepMs`, and of the last `thinKeepMs` one a minute with
 * what leaks are judged by (no memory, CPU, bytes, errors, refusals or lag). About 60 KiB a node at one sample in 5 s, 2 h and 30 h.
 */
export function createRecentSamples({ keepMs, thinKeepMs }: { keepMs: number; thinKeepMs: number }) {
  type Node = { full: Trail; thin: Trail; last: Float64Array };
  const nodes = new Map<string, Node>();
  const cells = createCells();
  const row = new Float64Array(SAMPLE_WIDTH);
  const judged = new Float64Array(SAMPLE_WIDTH);

  /** `fullFrom`: what is older is kept one a minute only */
  function push(nodeId: string, from: Float64Array, fullFrom = Number.NEGATIVE_INFINITY): void {
    let node = nodes.get(nodeId);
    const behindMs = node ? (node.last[0] ?? 0) - (from[0] ?? 0) : 0;
    if (behindMs > 0 && behindMs <= OVERTAKEN_MS) return;
    if (behindMs > OVERTAKEN_MS) {
      drop(nodeId);
      node = undefined;
    }
    if (!node) {
      node = {
        full: new Trail(cells, { keepMs }),
        thin: new Trail(cells, { keepMs: thinKeepMs }),
        last: new Float64Array(SAMPLE_WIDTH),
      };
      nodes.set(nodeId, node);
    } else if (from[0] === node.last[0]) return;
    node.last.set(from);
    if ((from[0] ?? 0) >= fullFrom) node.full.push(from);
    const newest = node.thin.newest();
    if (newest && sameThinned(newest, from)) return;
    withoutUnjudged(from, judged);
    node.thin.push(judged);
  }

  function drop(nodeId: string): void {
    const node = nodes.get(nodeId);
    node?.full.clear();
    node?.thin.clear();
    nodes.delete(nodeId);
  }

  return {
    /**
     * Samples of a node come in time order. One that another overtook is left out; one that is older by more than that (a clock set back) makes it start
     * anew.
     */
    push(nodeId: string, sample: Sample): void {
      writeSample(row, 0, sample);
      push(nodeId, row);
    },
    /** Packed rows of a node, in time order: what a store has of the time before. What is older than `fullFrom` is thinned. */
    load(nodeId: string, rows: Float64Array, fullFrom: number): void {
      for (let from = 0; from < rows.length; from += SAMPLE_WIDTH) push(nodeId, rows.subarray(from, from + SAMPLE_WIDTH), fullFrom);
    },
    since(nodeId: string, sinceMs: number): Sample[] {
      const node = nodes.get(nodeId);
      if (!node) return [];
      const fullFrom = node.full.firstAt();
      const samples = sinceMs < fullFrom ? node.thin.range(sinceMs, fullFrom) : [];
      return node.full.range(sinceMs, Number.POSITIVE_INFINITY, samples);
    },
    last(nodeId: string): Sample | null {
      const node = nodes.get(nodeId);
      return node ? readSample(node.last, 0) : null;
    },
    drop,
  };
}
