/** One series with its samples, [epoch ms, value]. */
export type Written = { labels: Record<string, string>; samples: [at: number, value: number][] };

/** Prometheus' remote write, as its server and VictoriaMetrics take it. */
export async function remoteWrite(serverUrl: string, series: readonly Written[]): Promise<void> {
  const message = Buffer.concat(series.map((one) => field(1, encoded(one))));
  const response = await fetch(`${serverUrl}/api/v1/write`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy', 'x-prometheus-remote-write-version': '0.1.0' },
    body: new Uint8Array(asSnappy(message)),
  });
  if (!response.ok) throw new Error(`remote write: ${response.status} ${await response.text()}`);
}

function encoded({ labels, samples }: Written): Buffer {
  const names = Object.keys(labels).sort();
  return Buffer.concat([
    ...names.map((name) => field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(labels[name] ?? ''))]))),
    ...samples.map(([at, value]) => {
      const number = Buffer.alloc(9);
      number[0] = (1 << 3) | 1;
      number.writeDoubleLE(value, 1);
      return field(2, Buffer.concat([number, Buffer.from([2 << 3]), varint(at)]));
    }),
  ]);
}

const field = (number: number, bytes: Buffer) => Buffer.concat([Buffer.from([(number << 3) | 2]), varint(bytes.length), bytes]);

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** The block format with one literal: nothing is compressed. */
function asSnappy(bytes: Buffer): Buffer {
  const length = Buffer.alloc(5);
  length[0] = 63 << 2;
  length.writeUInt32LE(bytes.length - 1, 1);
  return Buffer.concat([varint(bytes.length), length, bytes]);
}
