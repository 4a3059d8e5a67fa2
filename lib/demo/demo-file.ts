import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

/** demo.json in the data directory: how to reach everything that the demo runs. Rewritten in one step whenever a pid changes. */
export const demoFileSchema = z.object({
  /** null with --no-console, and so are the three below */
  url: z.string().nullable(),
  signInUrl: z.string().nullable(),
  apiToken: z.string().nullable(),
  consolePid: z.number().int().nullable(),
  nodes: z.array(
    z.object({
      name: z.string(),
      /** the proxy's own; null while it does not run */
      pid: z.number().int().nullable(),
      sshPid: z.number().int().nullable(),
      sshPort: z.number().int(),
      hostKeyPath: z.string(),
      metricsUrl: z.string(),
      configPath: z.string(),
      logPath: z.string(),
      drill: z.string().nullable(),
    }),
  ),
});
export type DemoFile = z.infer<typeof demoFileSchema>;

const fileOf = (dataDir: string) => path.join(dataDir, 'demo.json');

export function writeDemoFile(dataDir: string, content: DemoFile): void {
  const next = path.join(dataDir, '.demo.json.new');
  fs.writeFileSync(next, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  fs.renameSync(next, fileOf(dataDir));
}

export const removeDemoFile = (dataDir: string) => fs.rmSync(fileOf(dataDir), { force: true });

/** The file as it is now; null before the demo is up. */
export function readDemoFile(dataDir: string): DemoFile | null {
  let text: string;
  try {
    text = fs.readFileSync(fileOf(dataDir), 'utf8');
  } catch {
    return null;
  }
  return demoFileSchema.parse(JSON.parse(text));
}
