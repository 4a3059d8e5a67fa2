import type { z } from 'zod';

/** Messages by field path, from the form's own check or from the console's answer; the first of a field counts. */
export type FieldErrors = Record<string, string>;

export function checkForm<S extends z.ZodType>(
  schema: S,
  input: unknown,
): { ok: true; value: z.infer<S> } | { ok: false; errors: FieldErrors } {
  const parsed = schema.safeParse(input);
  if (parsed.success) return { ok: true, value: parsed.data };
  const errors: FieldErrors = {};
  for (const { path, message } of parsed.error.issues) errors[path.join('.')] ??= message;
  return { ok: false, errors };
}

export function fieldErrorsOf(error: unknown): FieldErrors {
  const fields = typeof error === 'object' && error !== null && 'fields' in error && Array.isArray(error.fields) ? error.fields : [];
  return Object.fromEntries(fields.map(({ path, message }: { path: string; message: string }) => [path, message]));
}
