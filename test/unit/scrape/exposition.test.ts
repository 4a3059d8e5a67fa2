import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { foldExposition, PAGE_LIMITS, readExposition } from '#server/scrape/exposition.ts';
import { ScrapeFailure } from '#server/scrape/failure.ts';
import { sampleOfPage } from '#server/scrape/sample.ts';

const causeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof ScrapeFailure) return error.reason;
    throw error;
  }
  return 'none';
};

const OURS = `# HELP process_open_fds Open file descriptors.
# TYPE process_open_fds gauge
process_open_fds 412
process_max_fds 8192
process_start_time_seconds 1700000000.37
process_resident_memory_bytes 73400320
process_cpu_seconds_total 12.5
sniproxy_connections_active 120
sniproxy_connections_phase{phase="sniff"} 1
sniproxy_connections_phase{phase="dial"} 2
sniproxy_connections_without_backend 3
sniproxy_connections_phase{phase="tunnel"} 100
sniproxy_connections_phase{phase="half_closed"} 2
sniproxy_connections_phase{phase="stale"} 14
sniproxy_pool_active_connections 7
sniproxy_pool_size 5
sniproxy_accepted_total 90210
sniproxy_refused_total{reason="no_sni"} 4
sniproxy_refused_total{reason="loop"} 5
sniproxy_bytes_transferred_total{host="a.example",direction="tx"} 1e6
sniproxy_bytes_transferred_total{host="b \\"q\\" , } x",direction="rx"} 2.5e+06 1700000000000
sniproxy_errors_total{error_type="dial",protocol="tls"} 3
sniproxy_eventloop_lag_seconds 0.0042
sniproxy_config_info{sha256="${'ab'.repeat(32)}",generation="3"} 1
sniproxy_pool_enabled 1
sniproxy_config_reload_failed 0
sniproxy_drill_active{drill="pool-leak"} 1
sniproxy_fd_baseline 23
sniproxy_build_info{version="0.1.0",node="v24.21.0"} 1
sniproxy_connections_total{protocol="tls",status="success"} 90000
http_requests_total{code="200"} nonsense that nobody needs
`;

test('of a proxy with workers, fds are those of all, so that traffic explains them, and headroom is that of the fullest worker', () => {
  const page = `process_open_fds 520
process_max_fds 1000
sniproxy_fd_baseline 20
sniproxy_connections_active 350
sniproxy_workers 2
sniproxy_worker_open_fds{worker="1"} 520
sniproxy_worker_open_fds{worker="2"} 220
`;
  const { openFds, fdLimit, baselineFds, connectionsActive } = readExposition(page);
  assert.deepEqual({ openFds, baselineFds, connectionsActive }, { openFds: 740, baselineFds: 40, connectionsActive: 350 });
  assert.equal(openFds, (baselineFds ?? 0) + 2 * (connectionsActive ?? 0), 'nothing is left over');
  assert.equal(Math.round((1000 * (openFds ?? 0)) / (fdLimit ?? 1)), 520, 'as full as the fullest');
  const one = readExposition('process_open_fds 20\nprocess_max_fds 1000\nsniproxy_workers 1\nsniproxy_worker_open_fds{worker="1"} 20\n');
  assert.deepEqual([one.openFds, one.fdLimit], [20, 1000]);
});

describe('a metrics page folds into one wide sample', () => {
  test('every series that is needed is read, labelled ones are added up', () => {
    assert.deepEqual(readExposition(OURS), {
      processStartMs: 1_700_000_000_000,
      openFds: 412,
      fdLimit: 8192,
      connectionsActive: 120,
      connectionsStale: 14,
      withoutBackend: 3,
      poolActive: 7,
      poolIdle: 5,
      baselineFds: 23,
      acceptedTotal: 90210,
      refusedTotal: 9,
      bytesTotal: 3_500_000,
      errorsTotal: 3,
      rssBytes: 73400320,
      cpuSeconds: 12.5,
      eventLoopLagSeconds: 0.0042,
      poolEnabled: true,
      reloadFailed: false,
      configSha256: 'ab'.repeat(32),
      drill: 'pool-leak',
      version: '0.1.0',
    });
  });

  test('however the page is cut into chunks, it reads the same', () => {
    const page = Buffer.from(OURS);
    fc.assert(
      fc.property(fc.array(fc.nat(page.length), { maxLength: 40 }), (cuts) => {
        const fold = foldExposition();
        let from = 0;
        for (const to of [...cuts.sort((a, b) => a - b), page.length]) {
          fold.push(page.subarray(from, to));
          from = to;
        }
        assert.deepEqual(fold.finish(), readExposition(OURS));
      }),
      { numRuns: 50 },
    );
  });

  test('an SNIProxy-rs page, which counts connections when they end, gives accepted = ended + active', () => {
    const page = readExposition(
      'sniproxy_connections_active 40\nsniproxy_connections_total{protocol="unknown",status="success"} 900\nsniproxy_connections_total{protocol="unknown",status="error"} 60\n',
    );
    assert.equal(page.acceptedTotal, 1000);
    assert.equal(page.openFds, null);
    assert.equal(page.processStartMs, null);
  });

  test('a series that is there twice counts once, by its first line; other labels are another series', () => {
    const twice = 'sniproxy_connections_active 7\nsniproxy_refused_total{reason="full"} 3\n';
    const long = `sniproxy_errors_total{a="${'x'.repeat(400)}"} 5\n`;
    for (let i = 0; i < 2; i++) {
      const page = readExposition(`${twice}${twice}sniproxy_refused_total{reason="slow"} 4\nsniproxy_connections_active 9\n${long}${long}`);
      assert.deepEqual([page.connectionsActive, page.refusedTotal, page.errorsTotal], [7, 7, 5]);
    }
  });

  test('NaN and infinite values count as not known', () => {
    const page = readExposition(
      'process_open_fds NaN\nprocess_max_fds +Inf\nsniproxy_connections_active 4\nsniproxy_refused_total{reason="x"} nan\n',
    );
    assert.deepEqual([page.openFds, page.fdLimit, page.refusedTotal, page.connectionsActive], [null, null, null, 4]);
  });

  test('numbers that cannot be count as not known: starts beyond any date or in milliseconds, negative counts, more fds than Linux has', () => {
    const about = { at: 1_800_000_000_000, source: 'http', counted: null } as const;
    for (const start of ['1e300', '-1', '1700000000000', '9e12']) {
      const page = readExposition(`process_open_fds 100\nprocess_start_time_seconds ${start}\n`);
      assert.deepEqual([start, page.processStartMs, page.openFds], [start, null, 100]);
    }
    const page = readExposition(
      'process_open_fds 1e308\nprocess_max_fds 18446744073709551615\nsniproxy_connections_active -5\nsniproxy_accepted_total 1e308\n',
    );
    const sample = sampleOfPage(page, { ...about, processStart: page.processStartMs });
    assert.deepEqual([sample.openFds, sample.fdLimit, sample.connectionsActive, sample.acceptedTotal], [null, null, null, null]);
  });

  test('OpenMetrics is read with exemplars and timestamps, and must end with "# EOF"', () => {
    const text =
      '# TYPE sniproxy_accepted counter\nsniproxy_accepted_total 5.0 1700000000.123 # {trace_id="a b"} 1.0 1700000000\nsniproxy_accepted_created 1\n';
    assert.equal(readExposition(`${text}# EOF\n`, { openMetrics: true }).acceptedTotal, 5);
    assert.equal(
      causeOf(() => readExposition(text, { openMetrics: true })),
      'truncated',
    );
    assert.equal(
      causeOf(() => readExposition(`${text}# EOF\nprocess_open_fds 1\n`, { openMetrics: true })),
      'malformed',
    );
  });

  test('lines may end in CR LF', () => {
    assert.equal(readExposition('process_open_fds 12\r\n').openFds, 12);
  });
});

describe('whatever prom-client prints is read back', () => {
  const label = fc.string({ unit: fc.constantFrom('a', 'Z', '0', '"', '\\', '\n', '{', '}', ',', '=', ' ', 'é', '#'), maxLength: 20 });
  const number = fc.oneof(
    fc.nat(),
    // eight of them add up to what is counted exactly: more is not known, see above
    fc.double({ noNaN: true, min: 0, max: Number.MAX_SAFE_INTEGER / 8 }),
    fc.constant(Number.NaN),
    fc.constant(Infinity),
  );

  for (const contentType of [Registry.PROMETHEUS_CONTENT_TYPE, Registry.OPENMETRICS_CONTENT_TYPE] as const)
    test(contentType.split(';')[0] ?? contentType, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.tuple(label, label, number), { maxLength: 8 }), number, fc.nat(100_000), async (bytes, lag, fds) => {
          const registry = new Registry<typeof contentType>();
          registry.setContentType(contentType);
          const registers = [registry];
          new Gauge({ name: 'process_open_fds', help: 'a "help" \\ with\nlines', registers }).set(fds);
          new Gauge({ name: 'sniproxy_eventloop_lag_seconds', help: 'lag', registers }).set(lag);
          const sum = new Gauge({ name: 'sniproxy_errors_total', help: 'e', labelNames: ['error_type', 'protocol'], registers });
          const counter = new Counter({
            name: 'sniproxy_bytes_transferred_total',
            help: 'bytes',
            labelNames: ['host', 'direction'],
            registers,
          });
          const histogram = new Histogram({ name: 'sniproxy_dial_seconds', help: 'h', labelNames: ['x'], registers });
          histogram.observe({ x: '"' }, 1);
          let expected: number | null = null;
          for (const [host, direction, value] of bytes) {
            if (!Number.isFinite(value)) continue;
            counter.inc({ host, direction }, value);
          }
          const errors = new Map(bytes.map(([a, b, value]) => [JSON.stringify([a, b]), { a, b, value }]));
          for (const { a, b, value } of errors.values()) {
            sum.set({ error_type: a, protocol: b }, value);
            if (Number.isFinite(value)) expected = (expected ?? 0) + value;
          }
          const page = readExposition(await registry.metrics(), { openMetrics: contentType === Registry.OPENMETRICS_CONTENT_TYPE });
          assert.equal(page.openFds, fds);
          assert.equal(page.eventLoopLagSeconds, Number.isFinite(lag) ? lag : null);
          const close = (a: number | null, b: number | null) =>
            a === b || Math.abs((a ?? 0) - (b ?? 0)) <= 1e-9 * Math.abs(b ?? 0) || !Number.isFinite(b ?? 0);
          assert.ok(close(page.errorsTotal, expected), `${page.errorsTotal} ${expected}`);
          const total = (await counter.get()).values.reduce((before, { value }) => before + value, 0);
          if (bytes.some(([, , value]) => Number.isFinite(value))) assert.ok(close(page.bytesTotal, total), `${page.bytesTotal} ${total}`);
        }),
        { numRuns: 60 },
      );
    });
});

describe('a page that is not what it should be is refused, with its cause', () => {
  const cases: [string, string | Buffer, string][] = [
    ['a web page', '<!doctype html>\n<html>\n</html>\n', 'no-series'],
    ['a page of another program', 'node_load1 0.5\n', 'no-series'],
    ['nothing', '', 'no-series'],
    ['a last line without its end (a 12 that may have been 1234)', 'process_open_fds 12', 'truncated'],
    ['no value', 'process_open_fds\n', 'malformed'],
    ['words for a value', 'process_open_fds many\n', 'malformed'],
    ['an empty exponent', 'process_open_fds 1e\n', 'malformed'],
    ['labels without an end', 'sniproxy_refused_total{reason="x 5\n', 'malformed'],
    ['labels without quotes', 'sniproxy_refused_total{reason=x} 5\n', 'malformed'],
    ['rubbish behind the value', 'process_open_fds 5 minutes\n', 'malformed'],
    [
      'more labels than a series has',
      `sniproxy_refused_total{${Array.from({ length: 65 }, (_, i) => `a${i}="1"`).join(',')}} 5\n`,
      'malformed',
    ],
    ['an endless line', Buffer.alloc(PAGE_LIMITS.line + 2, 'p'), 'line-too-long'],
    ['an endless line of a needed series', `process_open_fds{a="${'x'.repeat(PAGE_LIMITS.line)}"} 1\n`, 'line-too-long'],
    ['more than 4 MiB', Buffer.alloc(PAGE_LIMITS.page + 1, '\n'), 'too-large'],
    ['hundreds of thousands of series', `x 1\n`.repeat(PAGE_LIMITS.lines + 1), 'too-large'],
  ];
  for (const [what, page, cause] of cases)
    test(`${what}: ${cause}`, () =>
      assert.equal(
        causeOf(() => readExposition(page)),
        cause,
      ));

  test('any bytes at all end in a page or a ScrapeFailure', () => {
    const piece = fc.oneof(
      fc.constantFrom('process_open_fds', 'sniproxy_refused_total', '{', '}', '"', '\\', '=', ',', ' ', '\n', '1', 'NaN', '# EOF'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        causeOf(() => readExposition(pieces.join('')));
      }),
      { numRuns: 500 },
    );
  });
});

test('a page that is read again reads the same, and a line that only looks like an earlier one is read anew', () => {
  const page =
    'process_open_fds 5\nsniproxy_errors_total{a="x y} 1"} 2\nsniproxy_errors_total{a="}"} 3\nprocess_max_fds 10\nother{a="b"} 1\n';
  for (let i = 0; i < 3; i++) {
    const { openFds, errorsTotal, fdLimit } = readExposition(page);
    assert.deepEqual([openFds, errorsTotal, fdLimit], [5, 5, 10]);
  }
  assert.equal(readExposition('process_open_fds 7 1700000000\n').openFds, 7);
  assert.equal(readExposition('process_open_fds 8\n').openFds, 8);
  assert.throws(() => readExposition('process_open_fds x\n'), /"x" is not a number/);
  assert.throws(() => readExposition('sniproxy_errors_total{a="x y} 1"} \n'), /no value/);
});
