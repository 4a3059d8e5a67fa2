export const ssh = {
  name: '0002-ssh',
  sql: `
CREATE TABLE hostKeys (
  nodeId TEXT PRIMARY KEY REFERENCES nodes (id) ON DELETE CASCADE,
  pinned TEXT, pinnedAt INTEGER, pinnedBy TEXT, reason TEXT, offered TEXT, offeredAt INTEGER, blocked INTEGER NOT NULL CHECK (blocked IN (0, 1))
) STRICT;

CREATE TABLE agreedConfigs (
  nodeId TEXT PRIMARY KEY REFERENCES nodes (id) ON DELETE CASCADE, sha256 TEXT NOT NULL, agreedAt INTEGER NOT NULL
) STRICT;
`,
  postgres: `
CREATE TABLE "hostKeys" (
  "nodeId" TEXT PRIMARY KEY REFERENCES nodes (id) ON DELETE CASCADE,
  pinned TEXT, "pinnedAt" BIGINT, "pinnedBy" TEXT, reason TEXT, offered TEXT, "offeredAt" BIGINT,
  blocked INTEGER NOT NULL CHECK (blocked IN (0, 1))
);

CREATE TABLE "agreedConfigs" (
  "nodeId" TEXT PRIMARY KEY REFERENCES nodes (id) ON DELETE CASCADE, sha256 TEXT NOT NULL, "agreedAt" BIGINT NOT NULL
);
`,
};
