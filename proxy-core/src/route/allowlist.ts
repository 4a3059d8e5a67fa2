/**
 * Which names may pass. No list = all; an empty list = none; "*" = all; "*.d" and "*d" = d and all below it; else exact. SNIProxy-rs lets
 * "*d" match every name that ends so, which lets "evil" + d pass: here a star ends at a dot. With a list, a connection that names no host
 * does not pass.
 */
export class Allowlist {
  readonly #all: boolean;
  readonly #exact = new Set<string>();
  readonly #suffixes: string[] = [];

  constructor(patterns: readonly string[] | null | undefined) {
    this.#all = patterns === null || patterns === undefined || patterns.includes('*');
    for (const pattern of patterns ?? []) {
      const text = pattern.toLowerCase().replace(/\.$/, '');
      if (text.startsWith('*')) {
        const name = text.replace(/^\*\.?/, '');
        this.#exact.add(name);
        this.#suffixes.push(`.${name}`);
      } else this.#exact.add(text);
    }
  }

  allows(name: string | null): boolean {
    if (this.#all) return true;
    if (name === null) return false;
    return this.#exact.has(name) || this.#suffixes.some((suffix) => name.endsWith(suffix));
  }
}
