import { Callout } from '#components/ui/callout.tsx';
import { asProblem } from '#components/ui/error-state.tsx';

export type FieldErrors = Record<string, string>;

/** Messages by field path, as the console gave them. */
export function fieldErrors(error: unknown): FieldErrors {
  const fields = typeof error === 'object' && error !== null && 'fields' in error && Array.isArray(error.fields) ? error.fields : [];
  return Object.fromEntries(fields.map(({ path, message }: { path: string; message: string }) => [path, message]));
}

/** What no field shows. */
export function Problem({ error, shown }: { error: unknown; shown: readonly string[] }) {
  if (!error) return null;
  const fields = Object.keys(fieldErrors(error));
  if (fields.length > 0 && fields.every((path) => shown.includes(path))) return null;
  return (
    <Callout tone="danger" live>
      {asProblem(error).detail}
    </Callout>
  );
}
