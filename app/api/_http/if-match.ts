import { HeadroomError } from '#server/kernel/errors.ts';

export const etag = (version: number): string => `"${version}"`;

/** The version that the client saw; PUT, PATCH and DELETE need it, so that nobody overwrites what they have not read. */
export function ifMatch(request: Request): number {
  const header = request.headers.get('if-match');
  if (header === null)
    throw new HeadroomError(
      'request.precondition-required',
      `${request.method} needs the header If-Match with the ETag that GET gave, like If-Match: "3"`,
    );
  const version = /^(?:W\/)?"?(\d{1,15})"?$/.exec(header.trim())?.[1];
  if (version === undefined)
    throw new HeadroomError('request.precondition-failed', `If-Match is ${JSON.stringify(header)}: it should be an ETag like "3"`);
  return Number(version);
}
