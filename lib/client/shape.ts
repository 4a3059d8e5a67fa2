type Shapes = typeof import('./shapes.ts');

/** A schema by name, fetched beside the first data instead of before it. */
export const shape =
  <K extends keyof Shapes>(name: K) =>
  async (): Promise<Shapes[K]> =>
    (await import('./shapes.ts'))[name];
