/** Plain data, without the schema library: pages need it before they read an answer. */

export const DRILL_FAMILIES = ['pool-leak', 'eof-leak', 'slow-leak', 'fd-spike', 'scrape-blind'] as const;
export type DrillFamily = (typeof DRILL_FAMILIES)[number];

type Family = {
  /** the choice in the verdict form, which gives nothing away */
  choice: string;
  /** what it was, told at the end */
  what: string;
  /** where it could be seen, told at the end */
  where: readonly string[];
  /** what a good hand does, told at the end */
  right: string;
  /** the last hint */
  look: string;
};

export const DRILLS: Record<DrillFamily, Family> = {
  'pool-leak': {
    choice: 'The pool takes upstream sockets and never gives them back',
    what: 'The connection pool took the backend socket of each plain HTTP request and never gave it back: one fd per request.',
    where: [
      'Node page: open fds rise in a straight line while connections stay level; "unexplained" grows.',
      'fd X-ray: upstream sockets without a client; two looks show the same backend growing.',
      'The pool gauge says "active" where nothing is active.',
    ],
    right:
      'Keep evidence, turn connection_pool.enabled off and restart (runbook fd-leak), and believe the slope, not the low count after the restart.',
    look: 'Look at the node twice with fd X-ray: what grows are upstream sockets that belong to no client, and the pool gauge grows with them.',
  },
  'eof-leak': {
    choice: 'Tunnels never end: the end of file is not passed on',
    what: 'Plain HTTP tunnels did not pass the end of file on and had no deadline: two fds per connection that finished, whatever the pool flag says.',
    where: [
      'Node page: stale connections grow; the pool gauge does not.',
      'fd X-ray: pairs of client and upstream sockets in CLOSE_WAIT, older than any deadline.',
      'Runbook fd-leak: the slope after the restart is as before, so the verdict is "not fixed".',
    ],
    right: 'Keep evidence and say that it is not the pool. A restart or a higher limit buys time; turning the pool off fixes nothing.',
    look: 'Look at the TCP states in fd X-ray: CLOSE_WAIT on both sides, in pairs. Whatever the pool flag says, those stay.',
  },
  'slow-leak': {
    choice: 'Something else leaks, slowly, and not sockets',
    what: 'One connection in twenty left a descriptor that is no socket: slow, and invisible to netstat.',
    where: [
      'Node page: a low, steady slope, unlike bursts; "unexplained" grows while the socket counts are level.',
      'fd X-ray: the kind that grows is "file", not "client" or "upstream".',
    ],
    right: 'Keep evidence and say that it is not the pool. Hours of headroom remain: nothing has to be restarted now.',
    look: 'Compare two looks of fd X-ray by kind: the sockets are level, and files grow.',
  },
  'fd-spike': {
    choice: 'Nothing leaks: bursts that go away by themselves',
    what: 'Every minute a burst of descriptors was held for ten seconds: alarming in a graph, and no leak.',
    where: [
      'Node page: teeth that come back to the same level.',
      'The verdict stays away from "leaking", and the band of the slope includes zero.',
    ],
    right: 'Nothing. Whoever restarts here trains the wrong reflex.',
    look: 'Look at the lowest points between the bursts: are they rising?',
  },
  'scrape-blind': {
    choice: 'It is out of descriptors: /metrics is dead',
    what: 'The proxy ran out of descriptors: it could accept nobody, its own metrics page included.',
    where: [
      'Fleet: state "scrape-blind", with the fd count still there, because the console counts over SSH.',
      'Journal: accept fails. Dashboards that only scrape show a gap.',
    ],
    right: 'Keep evidence, then restart or raise the limit at once: this node serves nobody.',
    look: 'Look at the state of the nodes: one has no metrics page any more, and SSH still counts its fds at the limit.',
  },
};
