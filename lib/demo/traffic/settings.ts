import { z } from 'zod';

export const backendSettingsSchema = z.object({
  tlsPort: z.number().int(),
  httpPort: z.number().int(),
  keyPath: z.string(),
  certPath: z.string(),
});
export type BackendSettings = z.infer<typeof backendSettingsSchema>;

export const clientSettingsSchema = z.object({
  certPath: z.string(),
  logPath: z.string(),
  nodes: z.array(z.object({ name: z.string(), tlsPort: z.number().int(), httpPort: z.number().int() })),
});
export type ClientSettings = z.infer<typeof clientSettingsSchema>;
