export const core = {
  name: '0001-core',
  sql: `
CREATE TABLE nodes (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, host TEXT NOT NULL, sshPort INTEGER NOT NULL, user TEXT NOT NULL, unit TEXT NOT NULL,
  configPath TEXT NOT NULL, metrics TEXT NOT NULL, labels TEXT NOT NULL, version INTEGER NOT NULL, createdAt INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, actorKind TEXT NOT NULL, actorId TEXT NOT NULL, actorName TEXT NOT NULL,
  action TEXT NOT NULL, object TEXT NOT NULL, result TEXT NOT NULL CHECK (result IN ('ok', 'refused', 'failed')),
  before TEXT, after TEXT, prev TEXT NOT NULL, hash TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

CREATE TABLE secrets (key TEXT PRIMARY KEY, sealed TEXT NOT NULL, updatedAt INTEGER NOT NULL) STRICT;
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL, updatedAt INTEGER NOT NULL) STRICT;

CREATE TABLE tokens (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, sha256 TEXT NOT NULL UNIQUE, prefix TEXT NOT NULL,
  createdAt INTEGER NOT NULL, expiresAt INTEGER NOT NULL, lastUsedAt INTEGER
) STRICT;

CREATE TABLE idempotency (
  actorId TEXT NOT NULL, key TEXT NOT NULL, sha256 TEXT NOT NULL, answer TEXT, at INTEGER NOT NULL, PRIMARY KEY (actorId, key)
) STRICT;
CREATE INDEX idempotency_at ON idempotency (at);

CREATE TABLE signInFailures (key TEXT PRIMARY KEY, count INTEGER NOT NULL, lastAt INTEGER NOT NULL, lockedUntil INTEGER NOT NULL) STRICT;

CREATE TABLE user (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE, emailVerified INTEGER NOT NULL, image TEXT,
  role TEXT NOT NULL DEFAULT 'viewer', createdAt TEXT NOT NULL, updatedAt TEXT NOT NULL
) STRICT;
CREATE TABLE session (
  id TEXT PRIMARY KEY, token TEXT NOT NULL UNIQUE, userId TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE, expiresAt TEXT NOT NULL,
  ipAddress TEXT, userAgent TEXT, createdAt TEXT NOT NULL, updatedAt TEXT NOT NULL
) STRICT;
CREATE INDEX session_user ON session (userId);
CREATE TABLE account (
  id TEXT PRIMARY KEY, accountId TEXT NOT NULL, providerId TEXT NOT NULL, userId TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE,
  accessToken TEXT, refreshToken TEXT, idToken TEXT, accessTokenExpiresAt TEXT, refreshTokenExpiresAt TEXT, scope TEXT, password TEXT,
  createdAt TEXT NOT NULL, updatedAt TEXT NOT NULL
) STRICT;
CREATE INDEX account_user ON account (userId);
CREATE TABLE verification (
  id TEXT PRIMARY KEY, identifier TEXT NOT NULL, value TEXT NOT NULL, expiresAt TEXT NOT NULL, createdAt TEXT NOT NULL, updatedAt TEXT NOT NULL
) STRICT;
CREATE INDEX verification_identifier ON verification (identifier);
`,
  postgres: `
CREATE TABLE nodes (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, host TEXT NOT NULL, "sshPort" INTEGER NOT NULL, "user" TEXT NOT NULL,
  unit TEXT NOT NULL,
  "configPath" TEXT NOT NULL, metrics TEXT NOT NULL, labels TEXT NOT NULL, version INTEGER NOT NULL, "createdAt" BIGINT NOT NULL
);

CREATE TABLE audit (
  seq BIGINT PRIMARY KEY, at BIGINT NOT NULL, "actorKind" TEXT NOT NULL, "actorId" TEXT NOT NULL,
  "actorName" TEXT NOT NULL,
  action TEXT NOT NULL, object TEXT NOT NULL, result TEXT NOT NULL CHECK (result IN ('ok', 'refused', 'failed')),
  before TEXT, after TEXT, prev TEXT NOT NULL, hash TEXT NOT NULL
);
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$;
CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

CREATE TABLE secrets (key TEXT PRIMARY KEY, sealed TEXT NOT NULL, "updatedAt" BIGINT NOT NULL);
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL, "updatedAt" BIGINT NOT NULL);

CREATE TABLE tokens (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, sha256 TEXT NOT NULL UNIQUE, prefix TEXT NOT NULL,
  "createdAt" BIGINT NOT NULL, "expiresAt" BIGINT NOT NULL, "lastUsedAt" BIGINT
);

CREATE TABLE idempotency (
  "actorId" TEXT NOT NULL, key TEXT NOT NULL, sha256 TEXT NOT NULL, answer TEXT, at BIGINT NOT NULL, PRIMARY KEY ("actorId", key)
);
CREATE INDEX idempotency_at ON idempotency (at);

CREATE TABLE "signInFailures" (key TEXT PRIMARY KEY, count INTEGER NOT NULL, "lastAt" BIGINT NOT NULL, "lockedUntil" BIGINT NOT NULL);

CREATE TABLE "user" (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE, "emailVerified" INTEGER NOT NULL, image TEXT,
  role TEXT NOT NULL DEFAULT 'viewer', "createdAt" TEXT NOT NULL, "updatedAt" TEXT NOT NULL
);
CREATE TABLE session (
  id TEXT PRIMARY KEY, token TEXT NOT NULL UNIQUE, "userId" TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
  "expiresAt" TEXT NOT NULL,
  "ipAddress" TEXT, "userAgent" TEXT, "createdAt" TEXT NOT NULL, "updatedAt" TEXT NOT NULL
);
CREATE INDEX "session_user" ON session ("userId");
CREATE TABLE account (
  id TEXT PRIMARY KEY, "accountId" TEXT NOT NULL, "providerId" TEXT NOT NULL,
  "userId" TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
  "accessToken" TEXT, "refreshToken" TEXT, "idToken" TEXT, "accessTokenExpiresAt" TEXT, "refreshTokenExpiresAt" TEXT, scope TEXT,
  password TEXT,
  "createdAt" TEXT NOT NULL, "updatedAt" TEXT NOT NULL
);
CREATE INDEX account_user ON account ("userId");
CREATE TABLE verification (
  id TEXT PRIMARY KEY, identifier TEXT NOT NULL, value TEXT NOT NULL, "expiresAt" TEXT NOT NULL, "createdAt" TEXT NOT NULL,
  "updatedAt" TEXT NOT NULL
);
CREATE INDEX verification_identifier ON verification (identifier);
`,
};
