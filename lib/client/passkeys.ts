import { api, ProblemError } from './http.ts';
import { shape } from './shape.ts';

/** The browser's half is fetched when somebody uses it. */
const browser = () => import('@simplewebauthn/browser');
type AuthenticationOptions = Parameters<typeof import('@simplewebauthn/browser')['startAuthentication']>[0]['optionsJSON'];
type RegistrationOptions = Parameters<typeof import('@simplewebauthn/browser')['startRegistration']>[0]['optionsJSON'];

/** WebAuthn's own shapes, which the console made with the same library and the browser checks. */
const asOptions = <T>(answer: unknown): T => answer as T;

export const browserHasPasskeys = (): boolean => typeof window !== 'undefined' && window.PublicKeyCredential !== undefined;

/** Signs in, or shows the passkey again: the same question under two paths. */
async function prove(paths: { ask: string; answer: string }): Promise<void> {
  const optionsJSON = asOptions<AuthenticationOptions>(await api.post(paths.ask, shape('anythingSchema'), { body: {} }));
  const { startAuthentication } = await browser();
  const body = await startAuthentication({ optionsJSON }).catch(refusedByDevice);
  await api.post(paths.answer, shape('anythingSchema'), { body });
}

export const signInByPasskey = () => prove({ ask: 'auth/passkey/options', answer: 'auth/passkey' });
export const showPasskey = () => prove({ ask: 'auth/step-up/options', answer: 'auth/step-up/passkey' });

/** Makes a passkey on this device, or on one that the browser offers. */
export async function enrolPasskey(name: string) {
  const optionsJSON = asOptions<RegistrationOptions>(await api.post('account/passkeys/options', shape('anythingSchema'), { body: {} }));
  const { startRegistration } = await browser();
  const response = await startRegistration({ optionsJSON }).catch(refusedByDevice);
  return api.post('account/passkeys', shape('addedPasskeySchema'), { body: { name, response } });
}

/** Browsers say too little on purpose: cancelled, too late and no such passkey are one. */
function refusedByDevice(cause: unknown): never {
  const known = cause instanceof Error && cause.name === 'InvalidStateError';
  const detail = known
    ? 'This device has a passkey of yours already.'
    : 'The browser gave no passkey: it was cancelled, took too long, or there is none for this console.';
  throw new ProblemError({ code: 'auth.passkey-refused', title: 'No passkey was given', detail, status: null, cause });
}
