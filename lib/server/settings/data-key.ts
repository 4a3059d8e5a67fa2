import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { ConfigError } from '#server/kernel/config.ts';

const BYTES = 32;

/** The key that seals every secret: made once in the data directory, readable by its owner alone. There is no other key to fall back to. */
export function loadDataKey(dataDir: string): Buffer {
  const file = path.join(dataDir, 'secret');
  try {
    fs.writeFileSync(file, randomBytes(BYTES), { flag: 'wx', mode: 0o600, flush: true });
  } catch (error) {
    if (!isExisting(error)) throw new ConfigError(`${file} cannot be made: ${error instanceof Error ? error.message : error}`);
  }
  const mode = fs.statSync(file).mode & 0o777;
  if ((mode & 0o077) !== 0) throw new ConfigError(`${file} has mode ${mode.toString(8)}: others can read it; chmod it to 600`);
  const key = fs.readFileSync(file);
  if (key.length !== BYTES)
    throw new ConfigError(
      `${file} holds ${key.length} bytes: it should hold ${BYTES}; put the right one back, secrets cannot be read without it`,
    );
  return key;
}

const isExisting = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EEXIST';
