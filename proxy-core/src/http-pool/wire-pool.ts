import type { Config } from '../contract/config.ts';
import type { Wire, WireOwner } from '../relay/wire.ts';
import { ConnectionPool } from '../upstream/pool.ts';

export type WirePool = ConnectionPool<WireOwner, Wire>;

/** A backend has nothing to say while it is not asked: bytes are as suspect as an end, and the socket is given up. */
export const createWirePool = (config: Config['connection_pool']): WirePool =>
  new ConnectionPool<WireOwner, Wire>(config, (lost) => ({
    wireConnected: () => {},
    wireData: lost,
    wireEnded: lost,
    wireDrained: () => {},
    wireFailed: lost,
  }));
