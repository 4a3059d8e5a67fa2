import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { FirstFlight } from '../../../../proxy-core/src/parse/first-flight.ts';

const root = process.env.HEADROOM_TEST_DATA;
const corpora = root === undefined ? null : path.join(root, 'corpora');
const missing =
  corpora === null || !fs.existsSync(path.join(corpora, 'INDEX.tsv')) ? 'HEADROOM_TEST_DATA names no folder with corpora' : false;

type Row = { file: string; offset: number; status: string; sni: string };
const rows = (): Row[] =>
  fs
    .readFileSync(path.join(corpora ?? '', 'INDEX.tsv'), 'latin1')
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
    .filter(([file = '', , , status = '']) => /^(boringssl\/server|openssl|rustls|sniproxy|clienthellod)/.test(file) && status !== '')
    .filter(([, , , status]) => status !== 'other_format' && status !== 'no_record')
    .map(([file = '', offset = '0', , status = '', , , sni = '']) => ({ file, offset: Number(offset), status, sni }));

function verdictOf({ file, offset }: Row, size: number): string {
  const bytes = fs.readFileSync(path.join(corpora ?? '', file)).subarray(offset);
  const flight = new FirstFlight();
  for (let at = 0; at < bytes.length; at += size) {
    flight.append(Buffer.from(bytes.subarray(at, at + size)));
    const verdict = flight.read();
    if (verdict.kind === 'asked') return `asked ${verdict.asked.name ?? '-'}`;
    if (verdict.kind === 'refused') return `refused ${verdict.reason}`;
  }
  return 'more';
}

/** What the index's word for a sample means here. */
function expected({ status, sni }: Row): RegExp {
  if (status === 'ok') return new RegExp(`^asked (${sni.toLowerCase().replace(/[^a-z0-9]/g, '.')}|-)$`);
  if (status.startsWith('ok_no')) return /^asked -$/;
  if (status === 'need_more' || status === 'bad_truncated') return /^(more|refused sni_malformed)$/;
  if (status === 'not_client_hello') return /^refused not_client_hello$/;
  if (status === 'hello_too_large') return /^refused hello_too_large$/;
  if (status === 'sslv2') return /^refused sslv2$/;
  if (status === 'not_tls') return /^(refused (unknown_protocol|http_malformed|alert_first|sslv2)|more)$/;
  return /^refused (sni_malformed|unknown_protocol)$/;
}

describe('hellos recorded by others', () => {
  test('are judged as a second parser judged them; where ours is stricter, it refuses', { skip: missing }, () => {
    const all = rows().map((row) => ({ row, verdict: verdictOf(row, 1448) }));
    assert.ok(all.length > 1500, `${all.length} samples`);
    const other = all.filter(({ row, verdict }) => !expected(row).test(verdict));
    // The second parser looks neither at the legacy version in the body, nor into ALPN, nor at the letters of a name.
    const wrong = other.filter(({ row, verdict }) => !row.status.startsWith('ok') || verdict !== 'refused sni_malformed');
    assert.deepEqual(
      wrong.map(({ row, verdict }) => `${row.file}: ${row.status} ${row.sni} → ${verdict}`),
      [],
    );
    const stricter = other.filter(({ row }) => !row.file.startsWith('openssl-fuzz-corpora'));
    assert.ok(stricter.length < 20, `${stricter.length} samples of real libraries are refused`);
  });

  test('are judged the same however they are cut', { skip: missing }, () => {
    for (const row of rows().filter((_, i) => i % 10 === 0)) {
      const whole = verdictOf(row, 1 << 20);
      assert.equal(verdictOf(row, 1), whole, row.file);
      assert.equal(verdictOf(row, 7), whole, row.file);
    }
  });
});
