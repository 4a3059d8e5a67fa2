import { after, before, describe, test } from 'node:test';
import { createPgBossQueue } from '#server/runs/queue-pg-boss.ts';
import { emptyDatabase } from '#test/support/database.ts';
import { programs, type RealServer, startPostgres } from '#test/support/real-servers.ts';
import { queueContract } from './queue.ts';

const bin = programs.postgres();
if (bin === null) test('the queue on PostgreSQL', { skip: 'PostgreSQL is not installed' }, () => undefined);
else
  describe('on a real PostgreSQL', () => {
    let server: RealServer;
    before(async () => {
      server = await startPostgres(bin);
    });
    after(() => server.stop());

    queueContract('pg-boss', async (t) => {
      const url = await emptyDatabase(server.url);
      const another = () => {
        const queue = createPgBossQueue({ url, onError: () => undefined });
        t.after(() => queue.stop());
        return queue;
      };
      return { queue: another(), another };
    });
  });
