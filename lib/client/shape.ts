import { afterFirstData } from './first-data.ts';

type Shapes = typeof import('./shapes.ts');

/** A schema by name, fetched after the first data instead of before it. */
export const shape =
  <K extends keyof Shapes>(name: K) =>
  async (): Promise<Shapes[K]> => {
    await afterFirstData();
    return (await import('./shapes.ts'))[name];
  };
