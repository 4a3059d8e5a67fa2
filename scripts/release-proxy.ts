// Makes a release of the proxy for the runbook upgrade-proxy: the pinned Node, the bundle and their version in one tarball, and prints its sha256.
//   npm run release-proxy [-- FILE]        (default proxy-core/dist/sniproxy-VERSION.tar.gz)
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
const manifest: unknown = JSON.parse(fs.readFileSync(path.join(root, 'proxy-core', 'package.json'), 'utf8'));
const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '0';
const out = path.resolve(process.argv[2] ?? path.join(root, 'proxy-core', 'dist', `sniproxy-${version}.tar.gz`));
/** resolves the link `current` first, so that /proc/PID/exe tells which release runs */
const LAUNCHER = `#!/bin/sh
d=$(dirname "$(readlink -f "$0")")
exec "$d/node" "$d/../lib/sniproxy-server.mjs" "$@"
`;

/** Serves nobody yet: routes are the operator's. */
const FIRST_CONFIG = `# Written by the runbook install-proxy: add the routes.
listen_addrs:
  - "0.0.0.0:80"
  - "0.0.0.0:443"

metrics:
  enabled: true
  address: "127.0.0.1:9090"   # loopback only

connection_pool:
  enabled: false

routes: []
`;

execFileSync('npm', ['run', 'build', '-w', 'proxy-core'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
const tree = fs.mkdtempSync(path.join(os.tmpdir(), 'sniproxy-release-'));
try {
  fs.mkdirSync(path.join(tree, 'bin'));
  fs.mkdirSync(path.join(tree, 'lib'));
  fs.copyFileSync(process.execPath, path.join(tree, 'bin', 'node'));
  fs.chmodSync(path.join(tree, 'bin', 'node'), 0o755);
  fs.writeFileSync(path.join(tree, 'bin', 'sniproxy-server'), LAUNCHER, { mode: 0o755 });
  fs.copyFileSync(path.join(root, 'proxy-core', 'dist', 'sniproxy-server.mjs'), path.join(tree, 'lib', 'sniproxy-server.mjs'));
  // what the runbook install-proxy puts on a host that has nothing yet
  fs.mkdirSync(path.join(tree, 'share'));
  for (const file of ['sniproxy.service', 'sniproxy.sysusers'])
    fs.copyFileSync(path.join(root, 'deploy', file), path.join(tree, 'share', file));
  fs.writeFileSync(path.join(tree, 'share', 'config.yaml'), FIRST_CONFIG);
  fs.writeFileSync(path.join(tree, 'VERSION'), `${version}\n`);
  fs.mkdirSync(path.dirname(out), { recursive: true });
  const same = ['--sort=name', '--owner=0', '--group=0', '--mtime=@0'];
  execFileSync('tar', ['-czf', out, ...same, '-C', tree, '.'], { stdio: 'inherit' });
} finally {
  fs.rmSync(tree, { recursive: true, force: true });
}
const sha256 = createHash('sha256').update(fs.readFileSync(out)).digest('hex');
console.log(`${sha256}  ${out}`);
