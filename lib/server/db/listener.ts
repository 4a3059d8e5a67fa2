import type pg from 'pg';
import { connectionOptions } from './postgres.ts';

const RETRY_MS = 500;
/** A connection that died without a word (a firewall that forgot it) is seen by this question. */
const ASK_EVERY_MS = 5000;
const ANSWER_WITHIN_MS = 5000;

/**
 * LISTEN on a connection of its own, which is opened again whenever it breaks. What is told while it is broken is lost: `onConnect` is called
 * each time that it listens (again), to look at what there is.
 */
export function openListener(options: {
  url: string;
  channels: readonly string[];
  onNotify: (channel: string, payload: string) => void;
  onConnect: () => void;
  onError: (error: unknown) => void;
}): { close(): Promise<void> } {
  let closed = false;
  let client: pg.Client | null = null;
  let retry: NodeJS.Timeout | null = null;

  const again = () => {
    if (closed) return;
    retry ??= setTimeout(() => {
      retry = null;
      connect().catch(failed);
    }, RETRY_MS);
  };
  const failed = (error: unknown) => {
    if (closed) return;
    options.onError(error);
    again();
  };

  async function connect(): Promise<void> {
    const { default: driver } = await import('pg');
    const own = new driver.Client({ ...connectionOptions(options.url), query_timeout: ANSWER_WITHIN_MS });
    client = own;
    const ask = setInterval(() => {
      own.query('SELECT 1').catch(() => own.end().catch(() => undefined));
    }, ASK_EVERY_MS);
    ask.unref();
    own.on('error', options.onError);
    own.once('end', () => {
      clearInterval(ask);
      if (client === own) client = null;
      again();
    });
    own.on('notification', ({ channel, payload }) => options.onNotify(channel, payload ?? ''));
    try {
      await own.connect();
      for (const channel of options.channels) await own.query(`LISTEN ${channel}`);
    } catch (error) {
      clearInterval(ask);
      await own.end().catch(() => undefined);
      throw error;
    }
    if (closed) return own.end();
    options.onConnect();
  }

  connect().catch(failed);
  return {
    async close() {
      closed = true;
      if (retry) clearTimeout(retry);
      await client?.end().catch(() => undefined);
    },
  };
}
