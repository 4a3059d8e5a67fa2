import { formatHostPort } from '../contract/addresses.ts';
import type { HttpField, HttpRequest, HttpResponse } from '../parse/http-message.ts';

/** Fields about one connection alone, beside those that Connection names (RFC 9110 7.6.1). */
const OF_A_CONNECTION = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'upgrade']);

/**
 * The head that a backend gets. Fields about the client's connection are left out, since the backend's outlives it; all others pass in
 * their order, as they were written. An absolute target's authority replaces Host (RFC 9112 3.2.2), so that both name the same.
 */
export function requestHead(request: HttpRequest): Buffer {
  const { fields, upgrades } = request;
  const nominated = nominatedBy(fields);
  const trailers = valuesOf(fields, 'te').some((value) => /(?:^|,)[\t ]*trailers[\t ]*(?:,|$)/i.test(value));
  let connection = upgrades ? 'Upgrade' : trailers ? 'TE' : null;
  const lines = [`${request.method} ${request.target} HTTP/${request.version}`];
  for (const [name, value] of fields) {
    const lower = name.toLowerCase();
    if (lower === 'host' && request.mismatch) lines.push(`${name}: ${authorityOf(request)}`);
    else if (lower === 'upgrade' && upgrades) lines.push(`${name}: ${value}`);
    else if (lower === 'connection' && connection !== null) {
      lines.push(`${name}: ${connection}`);
      connection = null;
    } else if (!OF_A_CONNECTION.has(lower) && !nominated.has(lower)) lines.push(`${name}: ${value}`);
  }
  if (connection !== null) lines.push(`Connection: ${connection}`);
  if (trailers && !upgrades) lines.push('TE: trailers');
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/** The head that a client gets. `closes`: nothing follows this response on its connection. */
export function responseHead(response: HttpResponse, raw: Buffer, closes: boolean): Buffer {
  const nominated = nominatedBy(response.fields);
  const lines = [raw.toString('latin1', 0, raw.indexOf('\r\n', 0, 'latin1'))];
  for (const [name, value] of response.fields) {
    const lower = name.toLowerCase();
    if (!OF_A_CONNECTION.has(lower) && !nominated.has(lower)) lines.push(`${name}: ${value}`);
  }
  const upgrades = nominated.has('upgrade') || response.status === 101 ? valuesOf(response.fields, 'upgrade') : [];
  if (upgrades.length > 0) lines.push('Connection: Upgrade', ...upgrades.map((value) => `Upgrade: ${value}`));
  else if (closes) lines.push('Connection: close');
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

const valuesOf = (fields: readonly HttpField[], wanted: string): string[] =>
  fields.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);

function nominatedBy(fields: readonly HttpField[]): Set<string> {
  const values = valuesOf(fields, 'connection').flatMap((value) => value.split(','));
  return new Set(values.map((option) => option.trim().toLowerCase()));
}

function authorityOf({ name, port }: HttpRequest): string {
  if (name === null) return '';
  return port === null ? (name.includes(':') ? `[${name}]` : name) : formatHostPort({ host: name, port });
}
