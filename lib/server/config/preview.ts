import { createHash } from 'node:crypto';
import { atMost } from '#server/kernel/at-most.ts';
import { HeadroomError, isHeadroomError } from '#server/kernel/errors.ts';
import type { NodeOps } from '#server/ssh/index.ts';
import type { ChangePreview } from '#shared/changes.ts';
import { diffLines } from '#shared/diff-lines.ts';
import type { FleetMember } from '#shared/nodes.ts';
import type { PoolSettings } from '#shared/runs.ts';
import { editPool } from './edit-pool.ts';
import { lintConfig } from './lint.ts';

/** Nodes read at a time, and the time that all of them have: an answer comes within 10 s. */
const PARALLEL = 16;
const PREVIEW_MS = 8000;
/** Previews, of everybody, at a time. */
const MOST_AT_ONCE = 6;
const CONTEXT_LINES = 3;

export type PreviewDeps = {
  ops: Pick<NodeOps, 'readConfig'>;
  nodes: {
    /** labels and facts, as for a run: the preview is of the nodes that the run would change */
    match(selector: string): Promise<FleetMember[]>;
    explain(selector: string, only: (node: FleetMember) => boolean): Promise<string>;
  };
};

/** What a change would do to each matched node's file. Reads only; a node that cannot be read says why in its place. */
export function createPreview({ ops, nodes }: PreviewDeps) {
  const bounded = atMost(MOST_AT_ONCE, 'previews');
  async function previewNode(node: FleetMember, pool: PoolSettings, untilMs: number): Promise<ChangePreview['nodes'][number]> {
    const nothing = { nodeId: node.id, name: node.name, sha256Before: null, sha256After: null, diff: [], changedBytes: 0, findings: [] };
    const timeoutMs = untilMs - performance.now();
    if (timeoutMs < 500)
      return { ...nothing, ok: false, problem: `${node.name} was not read: the nodes before it took all the time; preview fewer nodes` };
    try {
      const { value } = await ops.readConfig(node, { timeoutMs });
      const before = { ...nothing, sha256Before: value.sha256 };
      try {
        const { bytes, edits } = editPool(value.bytes, pool);
        return {
          ...before,
          ok: true,
          problem: null,
          sha256After: createHash('sha256').update(bytes).digest('hex'),
          diff: diffLines(value.bytes.toString('utf8'), bytes.toString('utf8'), CONTEXT_LINES),
          changedBytes: edits.reduce((sum, edit) => sum + Math.max(edit.to - edit.from, Buffer.byteLength(edit.text)), 0),
          findings: lintConfig(bytes),
        };
      } catch (error) {
        return { ...before, ok: false, problem: sentence(error), findings: lintConfig(value.bytes) };
      }
    } catch (error) {
      return { ...nothing, ok: false, problem: sentence(error) };
    }
  }

  async function preview(
    selector: string,
    pool: PoolSettings,
    /** the others are not there */ only: (node: FleetMember) => boolean = () => true,
  ): Promise<ChangePreview> {
    const matched = (await nodes.match(selector)).filter(only);
    if (matched.length === 0)
      throw new HeadroomError(
        'selector.no-match',
        `${JSON.stringify(selector)} matches no node. ${await nodes.explain(selector, only)}`.trim(),
      );
    const untilMs = performance.now() + PREVIEW_MS;
    const results: ChangePreview['nodes'] = [];
    const left = matched.entries();
    const work = async () => {
      for (const [i, node] of left) results[i] = await previewNode(node, pool, untilMs);
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
    return { nodes: results };
  }

  /** throws request.rate-limited, selector.no-match, selector.invalid */
  return (...asked: Parameters<typeof preview>): Promise<ChangePreview> => bounded(() => preview(...asked));
}

function sentence(error: unknown): string {
  if (isHeadroomError(error)) return error.message;
  throw error;
}
