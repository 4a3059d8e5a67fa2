/** Only paths of this console are followed after signing in. Browsers drop tabs and line ends: "/\t/x" is another host to them. */
export const safeNext = (next: string | null): string => (next && /^\/(?![/\\])[\x21-\x7e]*$/.test(next) ? next : '/');
