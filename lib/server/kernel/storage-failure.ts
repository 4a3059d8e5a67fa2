import { HeadroomError } from './errors.ts';

/** Result codes of SQLite (sqlite.org/rescode.html): the low byte of what the driver gives. */
const BUSY = 5;
const LOCKED = 6;
const READ_ONLY = 8;
const IO_ERROR = 10;
const FULL = 13;

/** What a failed write to the database means to whoever asked for it; null when the failure is no fault of the storage. Nothing of the write stays. */
export function storageFailure(error: unknown): HeadroomError | null {
  const code = sqliteCode(error);
  if (code === null) return null;
  if (code === FULL || (code === IO_ERROR && /full|space/i.test(messageOf(error))))
    return new HeadroomError(
      'server.storage-full',
      'nothing was written: the disk of the console is full; make room there, then ask again',
      {
        cause: error,
      },
    );
  if (code === BUSY || code === LOCKED)
    return new HeadroomError(
      'server.storage-away',
      'nothing was written: another process holds the database of the console; ask again in a few seconds',
      { cause: error },
    );
  if (code === READ_ONLY || code === IO_ERROR)
    return new HeadroomError('server.storage-away', 'nothing was written: the disk of the console does not take writes; look at its log', {
      cause: error,
    });
  return null;
}

function sqliteCode(error: unknown): number | null {
  if (typeof error !== 'object' || error === null) return null;
  if ('errcode' in error && typeof error.errcode === 'number') return error.errcode & 0xff;
  return 'cause' in error ? sqliteCode(error.cause) : null;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : '');
