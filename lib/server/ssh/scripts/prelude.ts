// Small POSIX sh, run by dash, bash and busybox alike. Arguments are positional, so that no value is ever part of a program.

/** Exit codes by which the scripts answer; everything else is the failure of a command in them. */
export const EXIT = { changed: 65, missing: 66, tooLarge: 67, noBackup: 68, refused: 69, io: 74, late: 75, reverted: 76 } as const;

/** Runs whose backup and marks a node keeps; one that waits for its console is never removed. */
const KEPT_RUNS = 50;

/** What login scripts print comes before this line; the answer after it. */
export const MARK = '@headroom';

/** now_ms: node time in milliseconds (whole seconds where date knows no %N). */
export const CLOCK = `now_ms() { n=$(date +%s%3N 2>/dev/null); case $n in ''|*[!0-9]*) n=$(date +%s)000;; esac; echo "$n"; }
`;
export const HELLO = `echo ${MARK}
echo "now=$(now_ms)"
`;

/** Before scripts that only look. $S is put before what needs root. */
export const LOOK = `${CLOCK}${HELLO}if [ "$(id -u)" = 0 ]; then S=; else S='sudo -n'; fi
`;

/**
 * Of scripts that change something. A dropped connection does not end them half-way. in_time ends them (75) once $1, a node time in
 * milliseconds, is over: what waited in a hanging server does not act when that wakes up. lock FD waits for flock(1), 5 s at most. own DIR makes the
 * state dir, in a parent that nobody else could have prepared for us: what lies there is run as root. Of earlier runs the newest are kept.
 */
export const ACTING = `in_time() { [ "$(now_ms)" -le "$1" ] || { echo "too late: this command was to start before $1" >&2; exit ${EXIT.late}; }; }
lock() { i=0; until flock -n "$1"; do i=$((i+1)); [ "$i" -lt 50 ] || { echo 'another command holds the lock' >&2; exit ${EXIT.late}; }; sleep 0.1; done; }
needs() { command -v "$1" >/dev/null || fail ${EXIT.refused} "$1 is missing on this node: apt-get install util-linux"; }
sha() { sha256sum < "$1" | cut -d' ' -f1; }
fail() { echo "$2" >&2; exit "$1"; }
own() { b=$(dirname "$1"); { [ -e "$b" ] || [ -L "$b" ]; } && { [ -L "$b" ] || [ ! -O "$b" ]; } && fail ${EXIT.refused} "$b belongs to another user: move it away"; umask 077; [ -d "$1" ] || { mkdir -p "$1" || exit ${EXIT.io}; prune "$b"; }; }
prune() {
  k=0
  for r in $(ls -1t "$1"); do
    case $r in *[!A-Za-z0-9_-]*) continue;; esac
    k=$((k+1)); [ "$k" -gt ${KEPT_RUNS} ] || continue
    [ -e "$1/$r/deadline" ] || [ -e "$1/$r/reverting" ] || rm -rf "$1/$r"
  done
}
`;

/** Before scripts that change something. */
export const ACT = `trap '' HUP PIPE
${CLOCK}${HELLO}${ACTING}needs flock
`;

/** Becomes root where sudo lets it, else goes on as the user and fails at the step that needs more. */
export const AS_ROOT = `s=$1; shift
[ "$(id -u)" = 0 ] && exec /bin/sh -c "$s" headroom "$@"
sudo -n true 2>/dev/null && exec sudo -n /bin/sh -c "$s" headroom "$@"
exec /bin/sh -c "$s" headroom "$@"
`;
