import net from 'node:net';

type Question = { socketPath: string; node: string; tool: string; argv: string[] };

/** Hands a command line to the service manager, prints what it says and gives its exit code. Waits as long as the job takes. */
export function askManager({ socketPath, node, tool, argv }: Question): Promise<number> {
  return new Promise((resolve) => {
    let text = '';
    const gone = () => {
      console.error('Failed to connect to bus: the demo is not running');
      resolve(1);
    };
    const socket = net.connect(socketPath, () => socket.write(`${JSON.stringify({ node, tool, argv })}\n`));
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', gone);
    socket.on('end', () => {
      const answer: unknown = text.includes('\n') ? JSON.parse(text) : null;
      if (!isAnswer(answer)) return gone();
      process.stdout.write(answer.stdout);
      process.stderr.write(answer.stderr);
      resolve(answer.code);
    });
  });
}

type Answer = { code: number; stdout: string; stderr: string };
const isAnswer = (value: unknown): value is Answer =>
  typeof value === 'object' &&
  value !== null &&
  'code' in value &&
  typeof value.code === 'number' &&
  'stdout' in value &&
  typeof value.stdout === 'string' &&
  'stderr' in value &&
  typeof value.stderr === 'string';
