import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';

export type OpenIdPerson = { email: string; verified: boolean; name?: string; groups?: string[] };
export const CLIENT = { id: 'headroom', secret: 'a secret that the provider and the console share' };

/**
 * A real OpenID provider (the npm package oidc-provider) on a port of its own, with PKCE required. Whoever signs in there is the person whose key is
 * typed; its sign-in and consent pages are plain forms of the library's development interactions.
 */
export async function startOpenIdProvider(people: Record<string, OpenIdPerson>, redirectUri: string) {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;
  const authorizations: URLSearchParams[] = [];
  const provider = quietly(
    () =>
      new Provider(issuer, {
        clients: [
          {
            client_id: CLIENT.id,
            client_secret: CLIENT.secret,
            redirect_uris: [redirectUri],
            grant_types: ['authorization_code'],
            response_types: ['code'],
          },
        ],
        claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
        scopes: ['openid', 'email', 'profile', 'groups'],
        pkce: { required: () => true },
        cookies: { keys: ['one of the test'] },
        async findAccount(_context, sub) {
          const person = people[sub];
          if (!person) return undefined;
          const { email, verified, name = sub, groups = [] } = person;
          return { accountId: sub, claims: async () => ({ sub, email, email_verified: verified, name, groups }) };
        },
      }),
  );
  provider.on('server_error', () => undefined);
  const answer = provider.callback();
  server.on('request', (request, response) => {
    const url = new URL(request.url ?? '/', issuer);
    if (url.pathname === '/auth') authorizations.push(url.searchParams);
    void answer(request, response);
  });
  return {
    issuer,
    /** what each sign-in asked with */
    authorizations,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A browser without pages: it keeps cookies, follows redirects and fills in the provider's forms. */
export function createFormBrowser() {
  const jars = new Map<string, Map<string, string>>();
  const jarOf = (url: URL) => {
    const jar = jars.get(url.host) ?? new Map<string, string>();
    jars.set(url.host, jar);
    return jar;
  };
  const once = async (at: string, body?: URLSearchParams): Promise<Response> => {
    const url = new URL(at);
    const cookie = [...jarOf(url)].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: { cookie }, ...(body && { method: 'POST', body }) });
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/s);
      if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) jarOf(url).delete(name);
      else jarOf(url).set(name, value);
    }
    return response;
  };
  return {
    once,
    cookieOf: (url: string) => [...jarOf(new URL(url))].map(([name, value]) => `${name}=${value}`).join('; '),
    /** From a link to where it ends, or to the first address that `stop` is true of. */
    async through(
      at: string,
      sub: string,
      stop: (url: string) => boolean = () => false,
    ): Promise<{ url: string; response: Response | null }> {
      let url = at;
      let body: URLSearchParams | undefined;
      for (let hop = 0; hop < 20; hop++) {
        if (stop(url)) return { url, response: null };
        const response = await once(url, body);
        body = undefined;
        const location = response.headers.get('location');
        if (location) {
          url = new URL(location, url).href;
          continue;
        }
        const html = await response.clone().text();
        const action = /<form[^>]*action="([^"]+)"/.exec(html)?.[1];
        if (!action) return { url, response };
        const prompt = /name="prompt" value="(\w+)"/.exec(html)?.[1] ?? '';
        body = new URLSearchParams({ prompt, ...(prompt === 'login' && { login: sub, password: 'x' }) });
        url = new URL(action, url).href;
      }
      throw new Error(`more than 20 redirects, the last one to ${url}`);
    },
  };
}

/** It warns at length that its keys and its forms are for development. */
function quietly<T>(make: () => T): T {
  const { info, warn } = console;
  console.info = console.warn = () => undefined;
  try {
    return make();
  } finally {
    Object.assign(console, { info, warn });
  }
}
