import fs from 'node:fs';
import http from 'node:http';

type Options = {
  url: string;
  silent: boolean;
  showError: boolean;
  fail: boolean;
  head: boolean;
  include: boolean;
  maxTimeMs: number;
  maxSize: number;
  output: string | null;
};

const WITH_VALUE = new Set([
  '-H',
  '--header',
  '-A',
  '--user-agent',
  '--max-redirs',
  '--proto',
  '--connect-timeout',
  '-w',
  '--write-out',
  '--retry',
]);
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
/** where the incident document, and every default config, has the metrics page */
const DOCUMENTED_PORT = 9090;

/** GET over plain HTTP from the node's own loopback: `http://localhost:9090/metrics` is this node's metrics page. Exit codes are curl's. */
export async function curl(argv: string[], metricsPort: number): Promise<number> {
  const options = readOptions(argv);
  if (options === null) return 2;
  const url = new URL(options.url.includes('://') ? options.url : `http://${options.url}`);
  const complain = (code: number, words: string) => {
    if (!options.silent || options.showError) console.error(`curl: (${code}) ${words}`);
    return code;
  };
  if (url.protocol !== 'http:') return complain(1, `Protocol "${url.protocol.slice(0, -1)}" not supported on a demo node`);
  if (!LOOPBACK.has(url.hostname)) return complain(6, `Could not resolve host: ${url.hostname}`);
  const asked = Number(url.port || 80);
  const port = asked === DOCUMENTED_PORT ? metricsPort : asked;
  return new Promise((resolve) => {
    const request = http.request({ host: '127.0.0.1', port, path: `${url.pathname}${url.search}`, method: options.head ? 'HEAD' : 'GET' });
    request.setHeader('accept', '*/*');
    const timer = setTimeout(() => resolve(complain(28, `Operation timed out after ${options.maxTimeMs} milliseconds`)), options.maxTimeMs);
    const end = (code: number) => {
      clearTimeout(timer);
      resolve(code);
    };
    request.on('error', () => end(complain(7, `Failed to connect to ${url.hostname} port ${asked}: Connection refused`)));
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > options.maxSize) {
          request.destroy();
          end(complain(63, 'Exceeded the maximum allowed file size'));
        } else chunks.push(chunk);
      });
      response.on('error', () => end(complain(56, 'Recv failure: Connection reset by peer')));
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        if (options.fail && status >= 400) return end(complain(22, `The requested URL returned error: ${status}`));
        const heads = options.head || options.include ? headText(response) : '';
        const body = Buffer.concat([Buffer.from(heads), ...chunks]);
        if (options.output !== null) fs.writeFileSync(options.output, body);
        else process.stdout.write(body);
        end(0);
      });
    });
    request.end();
  });
}

const headText = (r: http.IncomingMessage) =>
  `HTTP/${r.httpVersion} ${r.statusCode} ${r.statusMessage}\r\n${r.rawHeaders.map((word, i) => (i % 2 === 0 ? `${word}: ` : `${word}\r\n`)).join('')}\r\n`;

function readOptions(argv: string[]): Options | null {
  const letters = new Set<string>();
  let [url, output]: [string, string | null] = ['', null];
  let [maxTimeMs, maxSize] = [300_000, Infinity];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? '';
    if (word === '--') continue;
    if (word === '-m' || word === '--max-time') maxTimeMs = Number(argv[++i]) * 1000;
    else if (word === '--max-filesize') maxSize = Number(argv[++i]);
    else if (word === '-o' || word === '--output') output = argv[++i] ?? null;
    else if (word === '--silent') letters.add('s');
    else if (word === '--show-error') letters.add('S');
    else if (word === '--fail') letters.add('f');
    else if (WITH_VALUE.has(word)) i++;
    else if (/^-[sSfIiLkvg]+$/.test(word)) for (const letter of word.slice(1)) letters.add(letter);
    else if (word.startsWith('-')) {
      console.error(`curl: option ${word}: is unknown to the demo's curl`);
      return null;
    } else url = word;
  }
  if (url === '') {
    console.error('curl: no URL specified!');
    return null;
  }
  return {
    url,
    silent: letters.has('s'),
    showError: letters.has('S'),
    fail: letters.has('f'),
    head: letters.has('I'),
    include: letters.has('i'),
    maxTimeMs,
    maxSize,
    output,
  };
}
