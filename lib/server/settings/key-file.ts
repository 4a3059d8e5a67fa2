import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { ConfigError } from '#server/kernel/config.ts';
import { isHeadroomError } from '#server/kernel/errors.ts';
import { keyId } from './seal.ts';

const BYTES = 32;

export type Key = { id: string; bytes: Buffer /** where it is from, in words */; from: string };

export const keyOf = (bytes: Buffer, from: string): Key => ({ id: keyId(bytes), bytes, from });
export const keyFile = (dataDir: string): string => path.join(dataDir, 'secret');
/** the key that a rotation is about to make the one; it is there before anything is sealed with it */
export const nextKeyFile = (dataDir: string): string => path.join(dataDir, 'secret.next');

/** A key of the data directory, its owner's alone; null when there is none. */
export function readKeyFile(file: string): Key | null {
  let bytes: Buffer;
  try {
    const mode = fs.statSync(file).mode & 0o777;
    if ((mode & 0o077) !== 0) throw new ConfigError(`${file} has mode ${mode.toString(8)}: others can read it; chmod it to 600`);
    bytes = fs.readFileSync(file);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null;
    if (error instanceof ConfigError || isHeadroomError(error)) throw error;
    throw new ConfigError(`${file} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  if (bytes.length !== BYTES)
    throw new ConfigError(
      `${file} holds ${bytes.length} bytes: it should hold ${BYTES}; put the right one back, secrets cannot be read without it`,
    );
  return keyOf(bytes, file);
}

/** The key of a data directory, made once and on disk before it is used. */
export function makeKeyFile(dataDir: string): Key {
  const made = writeKey(keyFile(dataDir));
  syncFolder(dataDir);
  return made;
}

/** A fresh key beside the one in use. */
export function makeNextKeyFile(dataDir: string): Key {
  fs.rmSync(nextKeyFile(dataDir), { force: true });
  const made = writeKey(nextKeyFile(dataDir));
  syncFolder(dataDir);
  return made;
}

/** Makes the next key the one of the data directory; the old one is gone. */
export function promoteNextKey(dataDir: string): void {
  fs.renameSync(nextKeyFile(dataDir), keyFile(dataDir));
  syncFolder(dataDir);
}

export function removeKey(file: string): void {
  fs.rmSync(file, { force: true });
  syncFolder(path.dirname(file));
}

/** Written beside and moved into place, so that a key is whole or not there. */
function writeKey(file: string): Key {
  const temporary = `${file}.${process.pid}`;
  try {
    fs.writeFileSync(temporary, randomBytes(BYTES), { mode: 0o600, flush: true });
    // link, not rename: it fails when another process made one meanwhile
    fs.linkSync(temporary, file);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw new ConfigError(`${file} cannot be made: ${error instanceof Error ? error.message : error}`);
  } finally {
    fs.rmSync(temporary, { force: true });
  }
  const key = readKeyFile(file);
  if (!key) throw new ConfigError(`${file} was made and is not there any more`);
  return key;
}

/** A rename is on disk when its folder is. */
function syncFolder(folder: string): void {
  const handle = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}

const isCode = (error: unknown, code: string): boolean => error instanceof Error && 'code' in error && error.code === code;
