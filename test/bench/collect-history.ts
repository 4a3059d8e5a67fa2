import { DatabaseSync } from 'node:sqlite';
import { encodeChunk } from '#server/metrics/chunk.ts';
import { SAMPLE_WIDTH, writeSample } from '#server/metrics/sample-row.ts';
import { createTables, prepare } from '#server/metrics/tables.ts';
import { sampleOf, TICK_MS } from './collect-load.ts';

// What a console that has run for days finds in its file: 30 hours of every node, the last two in full, as memory holds them.
// Started with the file and the number of nodes.

const NODES = Number(process.argv[3] ?? 1000);
const db = new DatabaseSync(process.argv[2] ?? '');
createTables(db);
const sql = prepare(db);
const now = Date.now() - 60_000;
const times = [
  ...Array.from({ length: 28 * 60 }, (_, i) => now - 30 * 3_600_000 + i * 60_000),
  ...Array.from({ length: 1440 }, (_, i) => now - 7_200_000 + i * TICK_MS),
];
db.exec('BEGIN');
for (let node = 0; node < NODES; node++) {
  const id = sql.addNode(`n_${node}`);
  for (let from = 0; from < times.length; from += 60) {
    const span = times.slice(from, from + 60);
    const packed = new Float64Array(span.length * SAMPLE_WIDTH);
    span.forEach((at, i) => {
      writeSample(packed, i * SAMPLE_WIDTH, sampleOf(node, at, from + i));
    });
    sql.addChunk(id, packed[0] ?? 0, packed[(span.length - 1) * SAMPLE_WIDTH] ?? 0, encodeChunk(packed));
  }
}
db.exec('COMMIT');
db.close();
