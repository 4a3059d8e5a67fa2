import type { z } from 'zod';
import { HeadroomError } from './errors.ts';

/** The sentence and the fields of a failed parse; `what` is the thing that was parsed. */
export function invalid(error: z.ZodError, what = 'the body'): HeadroomError {
  const fields = error.issues.map((issue) => ({ path: issue.path.map(String).join('.'), message: issue.message }));
  const named = fields.map((field) => (field.path === '' ? field.message : `${field.path}: ${field.message}`));
  return new HeadroomError('request.invalid', `${what} is not what it should be: ${named.join('; ')}`, { fields });
}
