/**
 * Whose share a node is: the worker with the highest weight for it (rendezvous hashing), so that one that comes or goes moves only its own share.
 * Null without workers.
 */
export function shareOf(nodeId: string, workers: readonly string[]): string | null {
  let best: string | null = null;
  let most = -1;
  for (const worker of workers) {
    const weight = hash(`${nodeId}/${worker}`);
    if (weight > most) [best, most] = [worker, weight];
  }
  return best;
}

/** FNV-1a, 32 bits, with a last mix: ids differ in few characters. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
