import { upgradeParamsSchema } from '#shared/runs.ts';
import { patiently, type StepContext, type StepRunner } from './context.ts';

const releaseOf = (context: StepContext) => upgradeParamsSchema.parse(context.run.params).release;
const short = (sha256: string) => sha256.slice(0, 12);

/** The checked tarball goes to the node and lies beside the other versions; nothing is switched. */
export const pushRelease: StepRunner = async (context) => {
  const { node, ops, run } = context;
  const sha256 = releaseOf(context);
  const asked = { runId: run.opsId, sha256 };
  const before = await patiently(context, () => ops.release(node, { ...asked, operation: 'state' }));
  const { starts, there, root, current } = before.value;
  await context.prove({
    title: 'what the unit starts',
    receipt: before.receipt,
    value: starts ? `${root}/current, which is ${current ?? 'nothing'}` : 'another path',
    threshold: `${root}/current`,
    verdict: starts ? 'pass' : 'fail',
  });
  if (!starts)
    return {
      status: 'failed',
      summary: `${node.unit} on ${node.name} does not start ${root}/current: prepare the unit for upgrades first`,
    };
  if (!there) {
    const bytes = await context.release(sha256);
    context.say(`sending ${Math.round(bytes.length / 1024 / 1024)} MiB`);
    const put = await patiently(context, () =>
      ops.release(node, { ...asked, operation: 'put', bytes, timeoutMs: context.deadline - context.clock.now() }),
    );
    await context.prove({
      title: 'the tarball',
      receipt: put.receipt,
      value: `sha256 ${sha256}`,
      threshold: 'the same on the node, before it was unpacked',
      verdict: 'pass',
    });
  }
  const after = await patiently(context, () => ops.release(node, { ...asked, operation: 'state' }));
  const ok = after.value.there && after.value.current === current;
  const version = after.value.version ?? 'unknown';
  await context.prove({
    title: 'it lies beside the others',
    receipt: after.receipt,
    value: `version ${version}, current ${after.value.current}`,
    threshold: `there, current still ${current}`,
    verdict: ok ? 'pass' : 'fail',
  });
  return ok
    ? { status: 'succeeded', summary: `version ${version} (${short(sha256)}) is on ${node.name}; ${current ?? 'nothing'} is still current` }
    : { status: 'failed', summary: `the release is not on ${node.name} as it should be` };
};

/** One link is moved in one step. From here on the node goes back by itself unless told otherwise. */
export const switchRelease: StepRunner = async (context) => {
  const { node, ops, run } = context;
  const sha256 = releaseOf(context);
  // before the act: a run that ends now lets the node go back
  await context.remember({ edit: 'asked' });
  const done = await patiently(context, () => ops.release(node, { runId: run.opsId, sha256, operation: 'switch' }));
  await context.remember({ edit: 'done' });
  const state = await patiently(context, () => ops.release(node, { runId: run.opsId, sha256, operation: 'state' }));
  const ok = state.value.current === `releases/${sha256}`;
  await context.prove({ title: 'the link', receipt: done.receipt, value: done.value.acted ? 'moved' : 'moved by this run already' });
  await context.prove({
    title: 'what is current',
    receipt: state.receipt,
    value: state.value.current ?? 'nothing',
    threshold: `releases/${sha256}`,
    verdict: ok ? 'pass' : 'fail',
  });
  return ok
    ? { status: 'succeeded', summary: `${short(sha256)} is current; the process is still the old one` }
    : { status: 'failed', summary: `current is ${state.value.current ?? 'nothing'}: it should be releases/${short(sha256)}` };
};

/** The program that runs is a file of this release. What goes wrong here takes the node back. */
export const verifyRelease: StepRunner = async (context) => {
  const { node, ops, run } = context;
  const sha256 = releaseOf(context);
  const { value, receipt } = await patiently(context, () => ops.release(node, { runId: run.opsId, sha256, operation: 'state' }));
  const inside = `${value.root}/releases/${sha256}/`;
  const runs = value.exe?.startsWith(inside) ?? false;
  await context.prove({
    title: 'the program that runs',
    receipt,
    value: value.exe ?? 'no process',
    threshold: `below ${inside}`,
    verdict: runs ? 'pass' : 'fail',
  });
  const reported = await patiently(context, () => ops.reportedVersion(node));
  const agrees = reported.version === null || value.version === null || reported.version === value.version;
  await context.prove({
    title: 'the version that it reports',
    ...(reported.receipt !== null && { receipt: reported.receipt }),
    value: reported.version ?? 'no metrics page',
    threshold: value.version ?? 'unknown',
    verdict: reported.version === null ? 'inconclusive' : agrees ? 'pass' : 'fail',
  });
  if (!runs || !agrees)
    return {
      status: 'failed',
      verdict: 'fail',
      summary: `${node.name} does not run version ${value.version}: ${runs ? `it reports ${reported.version}` : `its program is ${value.exe ?? 'none'}`}`,
    };
  const sentence = `${node.name} runs version ${value.version ?? 'unknown'} (${short(sha256)})`;
  await context.remember({ memo: { ...context.target().memo, sentence } });
  return { status: 'succeeded', verdict: 'pass', summary: sentence, judges: { verdict: 'pass', sentence } };
};
