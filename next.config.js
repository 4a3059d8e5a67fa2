/** @type {import('next').NextConfig} */
export default {
  reactStrictMode: true,
  // `npm test` checks the types of the whole tree at once; a build for running it does not wait for the tests' types.
  typescript: { ignoreBuildErrors: true },
  poweredByHeader: false,
  // SSE and the metrics JSON are compressed (or deliberately not) by their own handlers; gzip buffering would hold events back.
  compress: false,
  serverExternalPackages: ['ssh2', 'better-auth', 'kysely', 'pino', 'prom-client'],
  devIndicators: false,
};
