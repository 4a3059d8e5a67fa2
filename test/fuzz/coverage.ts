import { type Profiler, Session } from 'node:inspector';
import { fileURLToPath } from 'node:url';

/** What V8 counted in the files of interest. Characters inside functions; module level is always run. */
export type Covered = { functions: number; functionsRun: number; characters: number; charactersRun: number };

const OURS = /\/proxy-core\/src\/(parse|quic)\/[^/]+[.]ts$/;

/**
 * V8's precise block coverage of this thread, taken again and again. Blocks are painted onto characters: how V8 joins neighbouring blocks
 * changes from one take to the next, the characters do not.
 */
export class Coverage {
  readonly #session = new Session();
  readonly #run = new Map<string, Uint8Array>();
  readonly #functions = new Map<string, Map<string, { from: number; to: number; run: boolean }>>();

  /** what was seen to run and is not remembered yet */
  #looked: [Uint8Array, number][] = [];

  constructor() {
    this.#session.connect();
    this.#post('Profiler.enable');
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** How many characters have run since the last take that had never run before; `remember`: from now on they have. */
  take(remember: boolean): number {
    let fresh = 0;
    for (const script of this.#results()) {
      const file = fileURLToPath(script.url);
      const known = this.#functions.get(file) ?? new Map<string, { from: number; to: number; run: boolean }>();
      this.#functions.set(file, known);
      const end = Math.max(...script.functions.flatMap(({ ranges }) => ranges.map(({ endOffset }) => endOffset)));
      const before = this.#run.get(file) ?? new Uint8Array(end);
      this.#run.set(file, before);
      const now = new Uint8Array(end);
      for (const one of script.functions) {
        const [outer] = one.ranges;
        if (outer === undefined) continue;
        const key = `${outer.startOffset}-${outer.endOffset}`;
        const run = known.get(key)?.run === true || outer.count > 0;
        if (outer.startOffset > 0) known.set(key, { from: outer.startOffset, to: outer.endOffset, run });
        // Inner ranges come after outer ones.
        for (const { startOffset, endOffset, count } of one.ranges) now.fill(count > 0 ? 1 : 0, startOffset, endOffset);
      }
      for (let i = 0; i < end; i += 1)
        if (now[i] === 1 && before[i] === 0) {
          if (remember) before[i] = 1;
          else this.#looked.push([before, i]);
          fresh += 1;
        }
    }
    return fresh;
  }

  /** Remembers all that was looked at: code that a second run did not reach again is not looked for for ever. */
  settle(): void {
    for (const [run, at] of this.#looked) run[at] = 1;
    this.#looked = [];
  }

  get covered(): Covered {
    const sum: Covered = { functions: 0, functionsRun: 0, characters: 0, charactersRun: 0 };
    for (const [file, functions] of this.#functions) {
      const run = this.#run.get(file) ?? new Uint8Array();
      const inside = new Uint8Array(run.length);
      for (const one of functions.values()) {
        sum.functions += 1;
        if (one.run) sum.functionsRun += 1;
        inside.fill(1, one.from, one.to);
      }
      for (let i = 0; i < run.length; i += 1) {
        if (inside[i] !== 1) continue;
        sum.characters += 1;
        if (run[i] === 1) sum.charactersRun += 1;
      }
    }
    return sum;
  }

  /** Pieces of source that never ran, by file. */
  get missed(): { file: string; from: number; to: number }[] {
    const found: { file: string; from: number; to: number }[] = [];
    for (const [file, functions] of this.#functions) {
      const run = this.#run.get(file) ?? new Uint8Array();
      const inside = new Uint8Array(run.length);
      for (const one of functions.values()) inside.fill(1, one.from, one.to);
      for (let i = 0; i < run.length; i += 1) {
        if (inside[i] !== 1 || run[i] === 1) continue;
        const from = i;
        while (i < run.length && inside[i] === 1 && run[i] !== 1) i += 1;
        found.push({ file, from, to: i });
      }
    }
    return found;
  }

  close(): void {
    this.#session.disconnect();
  }

  #results(): Profiler.ScriptCoverage[] {
    let result: Profiler.ScriptCoverage[] = [];
    this.#session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error) throw error;
      result = answer.result;
    });
    return result.filter(({ url }) => OURS.test(url));
  }

  /** The answer of a session on the same thread is there when `post` returns. */
  #post(method: 'Profiler.enable' | 'Profiler.startPreciseCoverage', parameters: object = {}): void {
    this.#session.post(method, parameters);
  }
}
