/** What the sign-in page says when a provider's sign-in came back with a problem; null for what is no code of one. */
export function providerProblem(code: string | null): string | null {
  switch (code) {
    case 'auth.provider-refused':
      return 'The provider’s account may not come in: it needs a verified e-mail that an admin invited, or a group that has a role here.';
    case 'auth.provider-failed':
      return 'The sign-in provider did not answer as it should. The console’s log says what was wrong.';
    case 'auth.sign-in-expired':
      return 'The sign-in took longer than ten minutes, or was begun in another browser. Try again.';
    case 'auth.disabled':
      return 'This account is disabled. An admin can enable it.';
    case 'request.rate-limited':
      return 'Too many sign-ins came from here. Wait a minute.';
    default:
      return null;
  }
}
