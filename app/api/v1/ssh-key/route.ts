import { handle } from '../../_http/handle.ts';

export const GET = handle({ permission: 'fleet.read' }, async ({ runtime }) => {
  const { publicKey } = await runtime.settings.sshIdentity();
  return { publicKey };
});
