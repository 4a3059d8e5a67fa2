import fs from 'node:fs';
import path from 'node:path';
import { specOf } from '#app/api/_http/handle.ts';
import { type DocumentedRoute, openApi } from '#app/api/_http/openapi.ts';
import { apiGuide } from './api-guide.ts';

const root = path.resolve(import.meta.dirname, '..');
const FILE = path.join(root, 'docs/openapi.json');
const GUIDE = path.join(root, 'docs/api.md');
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** The API's document as text, from the routes as they are. */
export async function describeApi(): Promise<string> {
  const dir = path.join(root, 'app/api/v1');
  const files = fs.readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((file) => path.basename(file) === 'route.ts');
  const routes: DocumentedRoute[] = [];
  for (const file of files.sort()) {
    const module: Record<string, unknown> = await import(path.join(dir, file));
    const shown = `/api/v1/${path.dirname(file)}`.replace(/\[(\w+)\]/g, '{$1}');
    for (const method of METHODS) {
      const spec = specOf(module[method]);
      if (spec !== null) routes.push({ method, path: shown, spec });
    }
  }
  const { version } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  return `${JSON.stringify(openApi(routes, version), null, 1)}\n`;
}

if (import.meta.main) {
  const text = await describeApi();
  fs.writeFileSync(FILE, text);
  fs.writeFileSync(GUIDE, apiGuide(JSON.parse(text)));
  console.log(`${path.relative(root, FILE)} and ${path.relative(root, GUIDE)} written`);
  process.exit(0);
}
