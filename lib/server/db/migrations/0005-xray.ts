export const xray = {
  name: '0005-xray',
  sql: `
CREATE TABLE xrayLooks (
  id TEXT PRIMARY KEY, nodeId TEXT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE, at INTEGER NOT NULL, look TEXT NOT NULL, seen TEXT NOT NULL
) STRICT;
CREATE INDEX xrayLooks_node ON xrayLooks (nodeId, at);
`,
  postgres: `
CREATE TABLE "xrayLooks" (
  id TEXT PRIMARY KEY, "nodeId" TEXT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE, at BIGINT NOT NULL, look TEXT NOT NULL,
  seen TEXT NOT NULL
);
CREATE INDEX "xrayLooks_node" ON "xrayLooks" ("nodeId", at);
`,
};
