/** Set by the server for each request, whatever the client sent under this name. */
export const REMOTE_HEADER = 'x-headroom-remote';

/** The address that the request came from. */
export const remoteOf = (request: Request): string => request.headers.get(REMOTE_HEADER) ?? 'unknown';
