export const transports = {
  name: '0004-transports',
  sql: `
ALTER TABLE nodes ADD COLUMN transport TEXT NOT NULL DEFAULT 'ssh2' CHECK (transport IN ('ssh2', 'openssh'));
ALTER TABLE nodes ADD COLUMN proxyJump TEXT;
ALTER TABLE nodes ADD COLUMN proxyJumpKey TEXT;
ALTER TABLE hostKeys ADD COLUMN pinnedKey TEXT;
ALTER TABLE hostKeys ADD COLUMN offeredKey TEXT;
`,
  postgres: `
ALTER TABLE nodes ADD COLUMN transport TEXT NOT NULL DEFAULT 'ssh2' CHECK (transport IN ('ssh2', 'openssh'));
ALTER TABLE nodes ADD COLUMN "proxyJump" TEXT;
ALTER TABLE nodes ADD COLUMN "proxyJumpKey" TEXT;
ALTER TABLE "hostKeys" ADD COLUMN "pinnedKey" TEXT;
ALTER TABLE "hostKeys" ADD COLUMN "offeredKey" TEXT;
`,
};
