import { after, before, describe, test } from 'node:test';
import { openPostgresStore } from '#server/metrics/index.ts';
import { emptyDatabase } from '#test/support/database.ts';
import { programs, type RealServer, startPostgres } from '#test/support/real-servers.ts';
import { metricKeepContract, metricReadContract, type OpenStore } from './metric-store.ts';

const bin = programs.postgres();
if (bin === null) test('the contract on PostgreSQL', { skip: 'PostgreSQL is not installed' }, () => undefined);
else
  describe('on a real PostgreSQL', () => {
    let server: RealServer;
    before(async () => {
      server = await startPostgres(bin);
    });
    after(() => server.stop());

    /** A database of its own for each store. */
    const open: OpenStore = async (options) => {
      const url = await emptyDatabase(server.url);
      const reopen = () => openPostgresStore({ url, ...options });
      return { store: await reopen(), reopen };
    };
    metricReadContract('PostgreSQL', open);
    metricKeepContract('PostgreSQL', open);
  });
