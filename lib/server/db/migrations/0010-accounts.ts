/**
 * `user.managedBy`: the OpenID provider whose groups decide the role; NULL is the console. `session.way`: how the person came in; `factorAt`: when a
 * second factor was shown last. A secret of `totp` is sealed in `secrets`. Links and challenges are kept as the sha256 of what their holder has.
 */
export const accounts = {
  name: '0010-accounts',
  sql: `
ALTER TABLE user ADD COLUMN disabledAt INTEGER;
ALTER TABLE user ADD COLUMN managedBy TEXT;
ALTER TABLE session ADD COLUMN way TEXT NOT NULL DEFAULT 'password';
ALTER TABLE session ADD COLUMN seenAt INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN factorAt INTEGER;

CREATE TABLE totp (
  userId TEXT PRIMARY KEY REFERENCES user (id) ON DELETE CASCADE, confirmedAt INTEGER, lastStep INTEGER NOT NULL
) STRICT;
CREATE TABLE recoveryCodes (
  sha256 TEXT PRIMARY KEY, userId TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE, usedAt INTEGER
) STRICT;
CREATE INDEX recoveryCodes_user ON recoveryCodes (userId);
CREATE TABLE passkeys (
  id TEXT PRIMARY KEY, userId TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE, name TEXT NOT NULL, publicKey TEXT NOT NULL,
  counter INTEGER NOT NULL, transports TEXT NOT NULL, rpId TEXT NOT NULL, createdAt INTEGER NOT NULL, lastUsedAt INTEGER
) STRICT;
CREATE INDEX passkeys_user ON passkeys (userId);
CREATE TABLE accountLinks (
  sha256 TEXT PRIMARY KEY, kind TEXT NOT NULL, userId TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE, createdBy TEXT NOT NULL,
  createdAt INTEGER NOT NULL, expiresAt INTEGER NOT NULL
) STRICT;
CREATE INDEX accountLinks_user ON accountLinks (userId);
CREATE TABLE challenges (
  sha256 TEXT PRIMARY KEY, kind TEXT NOT NULL, userId TEXT REFERENCES user (id) ON DELETE CASCADE, value TEXT NOT NULL, expiresAt INTEGER NOT NULL
) STRICT;
CREATE INDEX challenges_expiresAt ON challenges (expiresAt);
`,
  postgres: `
ALTER TABLE "user" ADD COLUMN "disabledAt" BIGINT;
ALTER TABLE "user" ADD COLUMN "managedBy" TEXT;
ALTER TABLE session ADD COLUMN way TEXT NOT NULL DEFAULT 'password';
ALTER TABLE session ADD COLUMN "seenAt" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN "factorAt" BIGINT;

CREATE TABLE totp (
  "userId" TEXT PRIMARY KEY REFERENCES "user" (id) ON DELETE CASCADE, "confirmedAt" BIGINT, "lastStep" BIGINT NOT NULL
);
CREATE TABLE "recoveryCodes" (
  sha256 TEXT PRIMARY KEY, "userId" TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE, "usedAt" BIGINT
);
CREATE INDEX "recoveryCodes_user" ON "recoveryCodes" ("userId");
CREATE TABLE passkeys (
  id TEXT PRIMARY KEY, "userId" TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE, name TEXT NOT NULL, "publicKey" TEXT NOT NULL,
  counter BIGINT NOT NULL, transports TEXT NOT NULL, "rpId" TEXT NOT NULL, "createdAt" BIGINT NOT NULL, "lastUsedAt" BIGINT
);
CREATE INDEX passkeys_user ON passkeys ("userId");
CREATE TABLE "accountLinks" (
  sha256 TEXT PRIMARY KEY, kind TEXT NOT NULL, "userId" TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE, "createdBy" TEXT NOT NULL,
  "createdAt" BIGINT NOT NULL, "expiresAt" BIGINT NOT NULL
);
CREATE INDEX "accountLinks_user" ON "accountLinks" ("userId");
CREATE TABLE challenges (
  sha256 TEXT PRIMARY KEY, kind TEXT NOT NULL, "userId" TEXT REFERENCES "user" (id) ON DELETE CASCADE, value TEXT NOT NULL,
  "expiresAt" BIGINT NOT NULL
);
CREATE INDEX "challenges_expiresAt" ON challenges ("expiresAt");
`,
};
