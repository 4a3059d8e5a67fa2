/** @type {import('next').NextConfig} */
export default {
  reactStrictMode: true,
  // `npm test` checks the types of the whole tree at once; a build for running it does not wait for the tests' types.
  typescript: { ignoreBuildErrors: true },
  poweredByHeader: false,
  // Event streams say `no-transform`, which keeps them out of the gzip buffer.
  compress: true,
  serverExternalPackages: ['ssh2', 'better-auth', 'kysely', 'pino', 'prom-client'],
  devIndicators: false,
  // A package of the folder above is none of ours: without this it is looked at, and warned of.
  turbopack: { root: import.meta.dirname },
};
