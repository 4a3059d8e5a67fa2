/** `user.selector`, `tokens.selector`: where the role holds; NULL is everywhere. `makerId`: a token may never do more than that person. */
export const grants = {
  name: '0011-grants',
  sql: `
ALTER TABLE user ADD COLUMN selector TEXT;
ALTER TABLE tokens ADD COLUMN selector TEXT;
ALTER TABLE tokens ADD COLUMN makerId TEXT;
CREATE TABLE grants (
  id TEXT PRIMARY KEY, userId TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE, role TEXT NOT NULL, selector TEXT, createdAt INTEGER NOT NULL
) STRICT;
CREATE INDEX grants_user ON grants (userId);
CREATE INDEX audit_object ON audit (object, seq);
`,
  postgres: `
ALTER TABLE "user" ADD COLUMN selector TEXT;
ALTER TABLE tokens ADD COLUMN selector TEXT;
ALTER TABLE tokens ADD COLUMN "makerId" TEXT;
CREATE TABLE grants (
  id TEXT PRIMARY KEY, "userId" TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE, role TEXT NOT NULL, selector TEXT,
  "createdAt" BIGINT NOT NULL
);
CREATE INDEX grants_user ON grants ("userId");
CREATE INDEX audit_object ON audit (object, seq);
`,
};
