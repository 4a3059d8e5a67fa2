import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { InitialFlow, type QuicVerdict } from '../../../../proxy-core/src/quic/initial-flow.ts';
import { readCapture } from '../pcap.ts';

const root = process.env.HEADROOM_TEST_DATA;
const corpora = root === undefined ? '' : path.join(root, 'corpora');
const missing = fs.existsSync(path.join(corpora, 'zeek/quic')) ? false : 'HEADROOM_TEST_DATA names no folder with corpora';

/** Captures by what the client's hello in them names: one datagram, several, out of order, after a Retry, of both versions, and no name. */
const CAPTURES: Record<string, string | null> = {
  'zeek/quic/quic_chromium-115.0.5790.110-api-cirrus-com.pcap': 'api.cirrus-ci.com',
  'zeek/quic/quic_curl-8.1.2-dev-http3-www-google-de.pcap': 'www.google.de',
  'zeek/quic/quic_quic-39264-rand.pcap': 'tr6.snapchat.com',
  'zeek/quic/quic_quic-multiple-initial-fragmented-crypto.pcap': 'googleads.g.doubleclick.net',
  'zeek/quic/quic_quicdoq.pcap': null,
  'zeek/quic/quic_quicv2-echo-443.pcap': 'localhost',
  'zeek/quic/quic_quicv2-http3-443.pcap': null,
  'suricata-verify/quic-frag-middle-gap__input.pcap': 'optimizationguide-pa.googleapis.com',
  'suricata-verify/quic-frag-unordered__input.pcap': 'mastodon.social',
  'suricata-verify/quic-frag-wait__input.pcap': 'www.google.com',
  'suricata-verify/quic-frag__input.pcap': 'token.services.mozilla.com',
  'suricata-verify/quic-retry__input.pcap': 'www.gravatar.com',
};

function nameIn(datagrams: readonly Buffer[]): string | null {
  const flow = new InitialFlow();
  let verdict: QuicVerdict = { kind: 'no-match' };
  for (const datagram of datagrams) verdict = flow.push(datagram);
  return verdict.kind === 'asked' ? verdict.hello.name : verdict.kind;
}

test('name the host that their hello names, in any order of their datagrams', { skip: missing }, () => {
  for (const [file, name] of Object.entries(CAPTURES)) {
    const client = readCapture(path.join(corpora, file)).find(({ protocol }) => protocol === 'udp')?.payloads ?? [];
    assert.equal(nameIn(client), name, file);
    const first = client.slice(0, 3);
    assert.equal(nameIn([...first.slice().reverse(), ...client.slice(3)]), name, `${file}, its first three reversed`);
  }
  const read = (file: string) => fs.readFileSync(path.join(corpora, 'clienthellod', file));
  const chrome = [read('QUIC_IETF_Chrome_125_PKN1.bin'), read('QUIC_IETF_Chrome_125_PKN2.bin')];
  for (const datagrams of [
    chrome,
    chrome.slice().reverse(),
    [read('QUIC_IETF_Firefox_126.bin')],
    [read('QUIC_IETF_Firefox_126_0-RTT.bin')],
  ])
    assert.equal(nameIn(datagrams), 'quic.tlsfingerprint.io');
});
