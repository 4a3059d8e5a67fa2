import { encodeChunk } from './chunk.ts';
import { SAMPLE_COLUMNS, SAMPLE_WIDTH } from './sample-row.ts';
import type { Sqlite, Statements } from './tables.ts';

const CHUNK_SAMPLES = 96;
/** Chunks span an hour at most; at the slowest usual rate, a count over SSH every 15 s, 96 samples are 24 minutes. */
const CHUNK_SPAN_MS = 3_600_000;

/** Files of earlier versions hold a row a sample, in `raw`: they become chunks, a node a transaction, before anything else happens. */
export function chunkOlderRows(db: Sqlite, sql: Statements): void {
  if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'raw'").get() === undefined) return;
  const select = db.prepare(`SELECT ${SAMPLE_COLUMNS.join(', ')} FROM raw WHERE node = ? ORDER BY at`);
  select.setReturnArrays(true);
  const remove = db.prepare('DELETE FROM raw WHERE node = ?');
  for (const { id } of sql.nodes()) {
    db.exec('BEGIN IMMEDIATE');
    try {
      let rows: number[][] = [];
      const write = () => {
        const [first, last] = [rows[0]?.[0] ?? 0, rows[rows.length - 1]?.[0] ?? 0];
        if (rows.length > 0) sql.addChunk(id, first, last, encodeChunk(Float64Array.from(rows.flat())));
        rows = [];
      };
      for (const row of wideRows(select.iterate(id))) {
        if (rows.length === CHUNK_SAMPLES || (row[0] ?? 0) - (rows[0]?.[0] ?? row[0] ?? 0) > CHUNK_SPAN_MS) write();
        rows.push(row);
      }
      write();
      remove.run(id);
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
  db.exec('DROP TABLE raw');
}

/** Arrays of the driver, by setReturnArrays, with NaN for NULL. */
function* wideRows(rows: Iterable<unknown>): Generator<number[]> {
  for (const row of rows as Iterable<(number | null)[]>) yield Array.from({ length: SAMPLE_WIDTH }, (_, i) => row[i] ?? Number.NaN);
}
