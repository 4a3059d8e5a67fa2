/**
 * Which names may pass. No list = all; an empty list = none; "*" = all; "*.d" = d and all below it; "*d" = every name that ends so; else exact.
 * With a list, a connection that names no host does not pass.
 */
export class Allowlist {
  readonly #all: boolean;
  readonly #exact = new Set<string>();
  readonly #suffixes: string[] = [];

  constructor(patterns: readonly string[] | null | undefined) {
    this.#all = patterns === null || patterns === undefined || patterns.includes('*');
    for (const pattern of patterns ?? []) {
      const text = pattern.toLowerCase().replace(/\.$/, '');
      if (text.startsWith('*.')) {
        this.#exact.add(text.slice(2));
        this.#suffixes.push(text.slice(1));
      } else if (text.startsWith('*')) this.#suffixes.push(text.slice(1));
      else this.#exact.add(text);
    }
  }

  allows(name: string | null): boolean {
    if (this.#all) return true;
    if (name === null) return false;
    return this.#exact.has(name) || this.#suffixes.some((suffix) => name.endsWith(suffix));
  }
}
