import { isMap, isNode, isScalar } from 'yaml';
import { checkConfig, type Path } from '#contract/index.ts';
import type { NodeConfig } from '#shared/nodes.ts';
import { type ConfigDocument, isProblem, parseConfig } from './document.ts';

export type Finding = NodeConfig['findings'][number];

/** More is no list to work through, and looking up where each stands takes time. */
const MOST_FINDINGS = 200;

/** What proxy-core itself would say about the file, errors first; lines and columns count from 1. */
export function lintConfig(bytes: Buffer): Finding[] {
  const parsed = parseConfig(bytes);
  if (isProblem(parsed)) return [{ severity: 'error', ...parsed }];
  const { problems } = checkConfig(parsed.document.toJS({ maxAliasCount: 100 }));
  const worstFirst = problems.toSorted((a, b) => Number(b.severity === 'error') - Number(a.severity === 'error'));
  const findings = worstFirst
    .slice(0, MOST_FINDINGS)
    .map(({ severity, path, message }): Finding => ({ severity, message, ...positionOf(parsed, path) }));
  const left = problems.length - findings.length;
  if (left > 0) findings.push({ severity: 'info', message: `and ${left} more like these`, line: null, column: null });
  return findings;
}

/** Where the value at `path` stands; for a missing one its nearest parent, for one without a value its key. */
function positionOf(parsed: ConfigDocument, path: Path): { line: number; column: number } {
  for (let depth = path.length; depth >= 0; depth--) {
    const offset = offsetOf(parsed, path.slice(0, depth));
    if (offset === null) continue;
    const { line, col } = parsed.lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
  return { line: 1, column: 1 };
}

function offsetOf({ document }: ConfigDocument, path: Path): number | null {
  const parent: unknown = path.length === 0 ? null : document.getIn(path.slice(0, -1), true);
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
    if (!pair) return null;
    const valued = isScalar(pair.value) && pair.value.value !== null ? pair.value : pair.key;
    return isNode(valued) ? (valued.range?.[0] ?? null) : null;
  }
  const node: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
  return isNode(node) ? (node.range?.[0] ?? null) : null;
}
