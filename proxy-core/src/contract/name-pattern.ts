import { RE2JS } from 're2js';

/** Longest expression; what an expression costs to build grows with it. */
const MAX_PATTERN = 1000;

/**
 * "/expression/" of a route as a question to a whole name: anchors are implied, letters of either case are the same. RE2 takes time linear
 * in the name whatever the expression is, so no client can make a match slow; lookaround and back-references, which cannot be matched so,
 * throw.
 */
export function compileNamePattern(match: string): (name: string) => boolean {
  const expression = match.slice(1, -1);
  if (expression.length > MAX_PATTERN) throw new Error(`it has ${expression.length} characters; it may have ${MAX_PATTERN} at most`);
  const whole = RE2JS.compile(`^(?:${expression})$`, RE2JS.CASE_INSENSITIVE);
  return (name) => whole.testExact(name);
}
