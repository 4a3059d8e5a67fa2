export type HelpPage = {
  /** in the address: /help/quick-start */
  slug: string;
  /** below docs/ */
  file: string;
  title: string;
};

const page = (slug: string, title: string): HelpPage => ({ slug, file: `${slug}.md`, title });

/** Every guide of docs/, in the order in which somebody new would read them. */
export const HELP: readonly { title: string; pages: readonly HelpPage[] }[] = [
  {
    title: 'Begin',
    pages: [page('quick-start', 'Quick start'), page('concepts', 'Concepts'), page('incident-walkthrough', 'The incident, worked through')],
  },
  {
    title: 'Work',
    pages: [
      page('runbook-authoring', 'Writing a runbook'),
      page('drills', 'Drills'),
      page('notifications', 'Notifications'),
      page('prepared-nodes', 'Prepared nodes'),
      page('cli', 'The command line'),
      page('api', 'The API'),
      page('troubleshooting', 'Troubleshooting by error code'),
    ],
  },
  { title: 'Operate', pages: [page('operations', 'Operating the console'), page('security', 'Security')] },
  {
    title: 'How it knows',
    pages: [
      page('judgement', 'The judgement'),
      page('metrics-store', 'The metrics store'),
      page('reliability', 'Reliability'),
      page('benchmarks', 'Benchmarks'),
      page('comparison', 'Beside others'),
    ],
  },
];

export const HELP_PAGES: readonly HelpPage[] = HELP.flatMap(({ pages }) => pages);
