// Who may import whom. The table is the architecture; every rule below follows from it. test/repo/imports.test.ts plants one violation per rule.
const serverModules = {
  // module      may use (besides kernel)                                       what it owns
  kernel: [], //                                                                errors, config, clock, log, ids, the type of a verb
  db: [], //                                                                    SQL: drivers, schema, migrations
  events: ['db'], //                                                            the hub behind the event stream
  workers: ['db'], //                                                           the processes that share the work
  detect: [], //                                                                the leak judgement; pure
  runbooks: ['db'], //                                                          the built-in ones and the operators' own, with versions
  settings: ['db'], //                                                          sealed secrets
  access: ['db', 'settings'], //                                                sessions, tokens, roles
  audit: ['db'], //                                                             the append-only record
  command: ['db', 'access', 'audit', 'events'], //                              the one door for writes
  ssh: ['db', 'settings'], //                                                   transport, host keys, catalogue, node operations
  metrics: ['db', 'detect'], //                                                 samples: store and queries
  nodes: ['db'], //                                                             the registry
  config: ['db', 'ssh', 'nodes'], //                                            config.yaml: read, edit, lint, diff, drift
  xray: ['db', 'ssh', 'nodes', 'detect'], //                                    looks at fds: classes, ages, what grew
  backtest: ['nodes', 'metrics', 'detect'], //                                  alert rules over stored history
  scrape: ['db', 'nodes', 'metrics', 'ssh', 'events', 'workers'], //            node → store
  runs: ['db', 'command', 'nodes', 'runbooks', 'ssh', 'config', 'scrape', 'metrics', 'detect', 'events'], // the run engine
  notify: ['db', 'settings', 'events'], //                                      what people are told: channels, outbox, silences, settings of rules
  help: [], // the guides of docs/, rendered
  incidents: ['db', 'command', 'events', 'nodes', 'ssh', 'config', 'xray', 'metrics', 'scrape', 'detect', 'runs', 'fleet'], // rules, signals, incidents
  operations: ['db', 'settings', 'audit'], //                                   backup, restore and key of a data directory, for the command line
  reports: ['db', 'metrics'], //                                                what a range of time was for the fleet
  drills: ['db', 'audit', 'command', 'events', 'nodes', 'ssh', 'metrics', 'detect'], //                rehearsals: order, score, reveal
  fleet: ['db', 'nodes', 'scrape', 'metrics', 'ssh', 'config', 'runs', 'detect'], //  the read side of the fleet and node pages
};
const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });
const S = '^lib/server/';
const modules = Object.keys(serverModules).join('|');
const moduleRules = Object.entries(serverModules).map(([module, uses]) =>
  rule(
    `server-${module}`,
    `lib/server/${module} may use: ${['kernel', ...uses].join(', ')}.`,
    { path: `${S}${module}/` },
    { path: `${S}.+`, pathNot: `${S}(${[module, 'kernel', ...uses].join('|')})/` },
  ),
);

module.exports = {
  forbidden: [
    ...moduleRules,
    rule(
      'server-module-is-listed',
      'A new server module is added to the table first.',
      { path: `${S}[^/]+/`, pathNot: `${S}(${modules})/` },
      {},
    ),
    rule(
      'front-door',
      'Enter a server module through its index.ts, runtime.ts or slot.ts (kernel files are open).',
      { pathNot: [`${S}`, '^test/'] },
      { path: S, pathNot: ['/index[.]ts$', `${S}kernel/`, `${S}(runtime|slot)[.]ts$`] },
    ),
    rule(
      'front-door-inside',
      'The same between two server modules.',
      { path: `${S}([^/]+)/` },
      { path: `${S}[^/]+/`, pathNot: [`${S}$1/`, '/index[.]ts$', `${S}kernel/`] },
    ),
    rule(
      'runtime-is-the-top',
      'Only app/ and the composition root itself know the runtime.',
      { pathNot: [`${S}(runtime|slot)[.]ts$`, '^app/', '^test/'] },
      { path: `${S}(runtime|slot)[.]ts$` },
    ),
    rule('no-cycles', 'Two files in a cycle are one module; merge them or push the shared part down.', {}, { circular: true }),
    rule('no-unresolved', 'Every import resolves.', {}, { couldNotResolve: true }),
    rule('proxy-core-alone', 'proxy-core runs without the console.', { path: '^proxy-core/' }, { path: '^(app|components|lib|test)/' }),
    rule(
      'proxy-core-by-contract',
      'The console sees proxy-core only through its contract.',
      { path: '^(app|components|lib)/' },
      { path: '^proxy-core/', pathNot: '^proxy-core/src/contract/' },
    ),
    rule(
      'contract-through-shared',
      'Browser code reads the contract through lib/shared.',
      { path: '^(app|components|lib/client)/' },
      { path: '^proxy-core/' },
    ),
    rule(
      'pure-below',
      'The contract and lib/shared also run in a browser: no node builtins.',
      { path: '^(proxy-core/src/contract|lib/shared)/' },
      { dependencyTypes: ['core'] },
    ),
    rule(
      'contract-at-bottom',
      'The contract imports only itself and the schema library.',
      { path: '^proxy-core/src/contract/' },
      { path: '^proxy-core/src/(?!contract/)' },
    ),
    rule(
      'shared-at-bottom',
      'lib/shared imports nothing above it.',
      { path: '^lib/shared/' },
      { path: '^(app|components|lib/(server|client|demo|cli))/|node_modules/(react|next)/' },
    ),
    rule(
      'browser-never-sees-server',
      'Browser code shares types with the server through lib/shared only; import type is no exception.',
      { path: '^(components|lib/client)/' },
      { path: S },
    ),
    rule('browser-has-no-node', 'No node builtins in browser code.', { path: '^(components|lib/client)/' }, { dependencyTypes: ['core'] }),
    rule('client-below-components', 'Hooks know no components.', { path: '^lib/client/' }, { path: '^(app|components)/' }),
    rule(
      'server-is-headless',
      'lib/server knows neither React, Next nor the UI.',
      { path: S },
      { path: '^(app|components|lib/client)/|node_modules/(react|next)/' },
    ),
    rule('nothing-imports-app', 'app/ is the top.', { pathNot: ['^app/', '^test/'] }, { path: '^app/' }),
    rule('nothing-imports-test', 'Production code never imports test code.', { pathNot: '^test/' }, { path: '^test/' }),
    rule(
      'demo-and-cli-are-clients',
      'The demo and the command line know shared shapes and the contract; they reach the console by its API. What is done to a data directory without a console is lib/server/operations.',
      { path: '^lib/(demo|cli)/' },
      { path: '^(app|components|lib/(server(?!/(operations/index|kernel/config)[.]ts)|client(?!/http[.]ts)))' },
    ),
    rule(
      'demo-by-index',
      'Others enter the demo through its index.ts.',
      { path: '^(app|components|lib|scripts)/', pathNot: '^lib/demo/' },
      { path: '^lib/demo/', pathNot: '^lib/demo/(index|main)[.]ts$' },
    ),
    rule(
      'one-owner-ssh',
      'Only lib/server/ssh speaks ssh2; the demo has the server side of it.',
      { pathNot: [`${S}ssh/`, '^lib/demo/', '^test/'] },
      { path: 'node_modules/ssh2/' },
    ),
    rule(
      'one-owner-sql',
      'Only lib/server/db speaks to a SQL driver.',
      { pathNot: [`${S}db/`, '^test/'] },
      { path: '(node_modules/pg/|^(node:)?sqlite$)' },
    ),
    rule(
      'one-owner-chart',
      'Only components/charts speaks to the chart library.',
      { pathNot: '^(components/charts|test)/' },
      { path: 'node_modules/uplot/' },
    ),
    rule(
      'ui-kit-knows-no-domain',
      'components/ui has no domain knowledge.',
      { path: '^components/ui/' },
      { path: '^(components/(?!ui/)|lib/(client|server)/)' },
    ),
    rule(
      'features-do-not-touch',
      'A feature folder uses ui and charts, never another feature; app/ composes features.',
      { path: '^components/([^/]+)/', pathNot: '^components/(ui|charts)/' },
      { path: '^components/', pathNot: '^components/($1|ui|charts)/' },
    ),
  ],
  required: [
    {
      name: 'every-route-is-handled',
      severity: 'error',
      comment: 'Each API route goes through handle(): authenticate, parse, call one verb, map the error.',
      module: { path: '^app/api/v1/.+/route[.]ts$' },
      to: { path: '^app/api/_http/handle[.]ts$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    exclude: { path: '^([.]next|proxy-core/dist)/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
