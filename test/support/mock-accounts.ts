/** What the settings ask about people, by path. */
export function mockAccounts(startedMs: number): Record<string, unknown> {
  const ago = (seconds: number) => new Date(startedMs - seconds * 1000).toISOString();
  const person = { managed: false, state: 'active', sessions: 1, createdAt: ago(9e6) };
  const ways = { password: true, totp: false, passkeys: 0, oidc: false };
  return {
    account: {
      id: 'u1',
      name: 'sre-oncall',
      email: 'oncall@example.com',
      role: 'admin',
      hasPassword: true,
      totpSince: ago(4e5),
      recoveryCodesLeft: 8,
      passkeys: [{ id: 'pk1', name: 'laptop', createdAt: ago(3e5), lastUsedAt: ago(900) }],
      passkeysHere: true,
    },
    sessions: {
      sessions: [
        {
          id: 's1',
          current: true,
          way: 'passkey',
          address: '192.0.2.17',
          userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
          createdAt: ago(7200),
          seenAt: ago(20),
          expiresAt: ago(-5e5),
        },
        {
          id: 's2',
          current: false,
          way: 'password',
          address: '198.51.100.4',
          userAgent: null,
          createdAt: ago(9e4),
          seenAt: ago(4e3),
          expiresAt: ago(-4e5),
        },
      ],
    },
    users: {
      users: [
        {
          ...person,
          id: 'u1',
          name: 'sre-oncall',
          email: 'oncall@example.com',
          role: 'admin',
          ways: { ...ways, totp: true, passkeys: 1 },
          seenAt: ago(20),
        },
        {
          ...person,
          id: 'u2',
          name: 'Grace',
          email: 'grace@example.com',
          role: 'operator',
          managed: true,
          ways: { ...ways, password: false, oidc: true },
          seenAt: ago(8e3),
        },
        {
          ...person,
          id: 'u3',
          name: 'Linus',
          email: 'linus@example.com',
          role: 'viewer',
          state: 'invited',
          sessions: 0,
          ways: { ...ways, password: false },
          seenAt: null,
        },
      ],
    },
    'auth/methods': { oidc: null, passkeys: true },
  };
}
