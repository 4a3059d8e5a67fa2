/** What lies on every chart of a node, in epoch seconds. */
export type Annotations = {
  starts: readonly number[];
  blind: readonly { from: number; to: number }[];
  runs: readonly { id: string; title: string; from: number; to: number; verdict: string | null }[];
  /** config.yaml has other bytes since */
  configs: readonly { at: number; byRun: boolean }[];
  incidents: readonly { id: string; title: string; from: number; to: number }[];
  drills: readonly { name: string; from: number; to: number }[];
};
