import { handle } from '../../_http/handle.ts';

export const GET = handle({ permission: 'fleet.read', on: 'any' }, async ({ runtime }) => {
  const { publicKey } = await runtime.settings.sshIdentity();
  return { publicKey };
});
