/** CPU time of this process so far, in ms: what a bound on work is held against, because other processes share the cores. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
