import { editPool, lintConfig } from '#server/config/index.ts';
import { plural } from '#shared/units/count.ts';
import { patiently, type StepRunner } from './context.ts';
import { poolSettings } from './pool-settings.ts';

/** The proxy's own check where the node has it; the console's schema everywhere. */
export const validate: StepRunner = async (context) => {
  const { node, ops, run } = context;
  const config = await patiently(context, () => ops.readConfig(node));
  const bytes = run.dryRun ? editPool(config.value.bytes, poolSettings(context.run)).bytes : config.value.bytes;
  const errors = lintConfig(bytes).filter((f) => f.severity === 'error');
  const [first] = errors;
  await context.prove({
    title: 'checked against the schema',
    command: `lint of ${node.configPath}${run.dryRun ? ' as it would be' : ''}`,
    raw: errors.map((f) => `${f.line ?? '?'}:${f.column ?? '?'} ${f.message}`).join('\n'),
    value: plural(errors.length, 'error'),
    threshold: '0 errors',
    verdict: errors.length === 0 ? 'pass' : 'inconclusive',
  });
  if (run.dryRun)
    return {
      status: 'succeeded',
      summary: first ? `config.yaml would have ${plural(errors.length, 'error')}: ${first.message}` : 'would be valid',
    };

  const check = await patiently(context, () => ops.validateConfig(node));
  const { known, ok, output } = check.value;
  await context.prove({
    title: 'checked by the proxy on the node',
    receipt: check.receipt,
    value: known ? (ok ? 'valid' : 'refused') : 'there is no sniproxy-server -t on this node',
    threshold: 'valid',
    verdict: known ? (ok ? 'pass' : 'fail') : 'inconclusive',
  });
  if (known && !ok) return { status: 'failed', summary: `the proxy on ${node.name} refuses this config.yaml: ${lastLine(output)}` };
  if (!known && first !== undefined)
    return { status: 'failed', summary: `config.yaml on ${node.name} has an error in line ${first.line ?? '?'}: ${first.message}` };
  return {
    status: 'succeeded',
    summary: known ? 'valid, says the proxy on the node' : 'valid by schema; the node has no checker of its own',
  };
};

const lastLine = (output: string): string =>
  output
    .trim()
    .split('\n')
    .findLast((line) => line.trim() !== '')
    ?.slice(0, 300) ?? 'it gives no reason';
