/** Bytes of one cell. */
export const CELL = 2048;
const CELLS_OF_SLAB = 2048;

/**
 * Memory for many small things that come and go all the time, in cells of one size out of slabs of 4 MiB: what one node gives back
 * another takes, and nothing is torn into pieces that fit nobody.
 */
export function createCells() {
  const slabs: Uint8Array[] = [];
  const free: number[] = [];
  const write = (cell: number, bytes: Uint8Array) =>
    void slabs[Math.floor(cell / CELLS_OF_SLAB)]?.set(bytes, (cell % CELLS_OF_SLAB) * CELL);
  return {
    /** `bytes` fit into a cell */
    put(bytes: Uint8Array): number {
      let cell = free.pop();
      if (cell === undefined) {
        cell = slabs.length * CELLS_OF_SLAB;
        slabs.push(new Uint8Array(CELL * CELLS_OF_SLAB));
        for (let other = cell + CELLS_OF_SLAB - 1; other > cell; other--) free.push(other);
      }
      write(cell, bytes);
      return cell;
    },
    /** in place of what the cell held */
    write,
    /** where it is: the slab and the place in it */
    slab: (cell: number): Uint8Array => slabs[Math.floor(cell / CELLS_OF_SLAB)] ?? new Uint8Array(CELL),
    offset: (cell: number): number => (cell % CELLS_OF_SLAB) * CELL,
    drop: (cell: number) => void free.push(cell),
  };
}
export type Cells = ReturnType<typeof createCells>;
