import { z } from 'zod';

/** What one node's SSH server is told on its command line. */
export const sshServerSettingsSchema = z.object({
  port: z.number().int(),
  user: z.string(),
  hostKeyPath: z.string(),
  authorizedKeysPath: z.string(),
  /** the only place that direct-tcpip leads to; 9090, the documented port, is another name for it */
  metricsPort: z.number().int(),
  cwd: z.string(),
  env: z.record(z.string(), z.string()),
});
export type SshServerSettings = z.infer<typeof sshServerSettingsSchema>;
