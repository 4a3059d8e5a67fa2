import { DRILL_NAMES } from '#contract/index.ts';
import { quote } from '../quote.ts';
import { FACTS } from './check.ts';
import { BACKUP_CONFIG, READ_CONFIG, VALIDATE_CONFIG, WRITE_CONFIG } from './config-file.ts';
import { DRILL } from './drill.ts';
import { HISTORY } from './history.ts';
import { SET_LIMIT } from './limit.ts';
import { ACTING, CLOCK, EXIT, HELLO } from './prelude.ts';
import { FOLLOW, JOURNAL, PROBE } from './probe.ts';
import { RELEASE } from './release.ts';
import { DUE, FIRE, REVERT } from './revert.ts';
import { SERVICE } from './service.ts';
import { XRAY, XRAY_PROGRAMS } from './xray.ts';

/** Where a prepared node has it, owned by root. */
export const HELPER_PATH = '/usr/local/sbin/headroom-node';
/** What the console and the helper agree upon: verbs, arguments, answers. Another number is not spoken to. */
export const HELPER_CONTRACT = 1;

const PLACES = {
  conf: '/etc/headroom-node.conf',
  path: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  lock: '/run/headroom-revert.lock',
  releases: '/opt/sniproxy',
};

const does = (name: string, body: string): string => `\n${name}() {\n${body.trim()}\n}\n`;
const [CLASSIFY, TELL] = XRAY_PROGRAMS;

/**
 * deploy/headroom-node: the scripts of this folder as one program that root owns, so that sudo has one command to allow. It takes no path and no
 * unit but those of its own list, and runs no text that it is given. `places` are others in tests only.
 */
export const helperProgram = (places: Partial<typeof PLACES> = {}): string => {
  const { conf, path, lock, releases } = { ...PLACES, ...places };
  return `#!/bin/sh
# headroom-node: what the Headroom console may do as root on this machine, and no more.
#
#   sudo headroom-node VERB UNIT CONFIG [ARGUMENT…]
#
# UNIT and CONFIG are a line of ${conf}; every other argument is a number, a hash, a run's name or one word of a closed list.
# Whoever may call this can read, replace and check that config.yaml, restart or reload that unit, raise its limit of open files, order a drill of a
# proxy that was started for drills, and look at its process, sockets and journal. Installed by headroom-node-install. Made from lib/server/ssh/scripts by deploy/write-headroom-node.ts: change it there.

CONF=${quote(conf)}
RELEASES=${quote(releases)}
PATH=${quote(path)}; export PATH
LC_ALL=C; export LC_ALL; unset ENV CDPATH BASH_ENV SYSTEMD_PAGER SYSTEMD_LESS TIME_STYLE
umask 077
S=

${CLOCK}${ACTING}${DUE}
# ---- arguments ----
usage() { echo "headroom-node: $1" >&2; exit 64; }
number() { case $1 in ''|*[!0-9]*) usage "$2 must be a number";; esac; [ "\${#1}" -le 16 ] || usage "$2 is too large"; }
hash() { case $1 in ''|*[!0-9a-f]*) usage 'a sha256 is 64 hex digits';; esac; [ "\${#1}" = 64 ] || usage 'a sha256 is 64 hex digits'; }
word() { w=$1; shift; for x; do [ "$w" = "$x" ] && return 0; done; usage "the last argument must be one of: $*"; }
count() { [ "$1" = "$2" ] || usage "$verb takes $2 arguments, and got $1"; }

# listed UNIT CONFIG: both as one line of the list
listed() {
  while IFS= read -r line; do
    case $line in ''|'#'*) continue;; esac
    [ "\${line%% *}" = "\${1%.service}" ] && [ "\${line#* }" = "$2" ] && return 0
  done < "$CONF"
  fail ${EXIT.refused} "$CONF has no line \\"\${1%.service} $2\\": this service is not the console's"
}

# trusted PATH: nobody but root may put something else where root is about to read or write
trusted() {
  p=\${1%/*}; set --
  while [ -n "$p" ]; do set -- "$p" "$@"; p=\${p%/*}; done
  bad=$(find / "$@" -maxdepth 0 \\( ! -user 0 ! -user "$(id -u)" -o -perm -0002 ! -perm -1000 -o -perm -0020 ! -group 0 ! -perm -1000 \\) 2>&1)
  [ -z "$bad" ] || fail ${EXIT.refused} "others than root may write in $(echo "$bad" | tail -n 1): chown root:root and chmod go-w it, or the console's account could become root"
}
placed() { trusted "$CONF/."; trusted "$1"; r=$(readlink -f "$1") || return 0; [ "$r" = "$1" ] || trusted "$r"; }
run_dir() { case $1 in ''|*[!A-Za-z0-9_-]*) usage 'a run is named by letters, digits, _ and -';; esac; [ "\${#1}" -le 64 ] || usage 'a run has at most 64 letters'; D=\${C%/*}/.headroom/$1; }

# ---- the timer that puts config.yaml back: headroom-revert.timer, which starts with the machine ----
alone() { i=0; until flock -n 7; do i=$((i+1)); [ "$i" -lt 50 ] || return 1; sleep 0.1; done; }
ticks() { [ "$(systemctl is-active headroom-revert.timer 2>/dev/null)" = active ]; }
start() {
  [ "$(systemctl is-enabled headroom-revert.timer 2>/dev/null)" = enabled ] && echo survives=1
  exec 7>>${quote(lock)} && alone || return 1
  ticks || systemctl start headroom-revert.timer >&2 7>&- 8>&-
  r=$?; exec 7>&-; return "$r"
}
stop() { :; }
over() { exit 0; }
${does('put_back', FIRE)}
waits() {
  while read -r U C; do
    case $U in ''|'#'*) continue;; esac
    B=\${C%/*}/.headroom
    [ -d "$B" ] && [ ! -L "$B" ] && [ -O "$B" ] || continue
    for D in "$B"/*; do { [ -f "$D/deadline" ] || [ -f "$D/reverting" ]; } && "$@"; done
  done < "$CONF"
}
put_back_alone() { ( put_back ) </dev/null; }
note() { some=1; }
fire() {
  trap '' HUP PIPE
  waits put_back_alone
  exec 7>>${quote(lock)} && alone || exit 1
  some=; waits note
  [ -n "$some" ] || systemctl stop --no-block headroom-revert.timer 7>&-
  exit 0
}

# ---- what each verb does; $1, $2 … are told above each in lib/server/ssh/scripts ----
CLASSIFY=${quote(CLASSIFY)}
TELL=${quote(TELL)}
${does('probe', PROBE)}${does('xray', XRAY)}${does('facts', FACTS)}${does('read_config', READ_CONFIG)}${does('validate', VALIDATE_CONFIG)}${does('history', HISTORY)}${does('journal', JOURNAL)}${does('follow', FOLLOW)}${does('backup', BACKUP_CONFIG)}${does('write_config', WRITE_CONFIG)}${does('service', SERVICE)}${does('set_limit', SET_LIMIT)}${does('revert', REVERT)}${does('drill', DRILL)}${does('release', RELEASE)}
acts() { trap '' HUP PIPE; needs flock; number "$1" 'the time after which nothing is done'; placed "$C"; run_dir "$2"; }

# ---- the verbs ----
verb=$1; [ $# -gt 0 ] && shift
case $verb in
''|-h|--help) sed -n '2,/^$/s/^# \\{0,1\\}//p' "$0"; exit 0;;
fire) count $# 0; fire;;
esac
[ $# -ge 2 ] || usage "$verb needs a unit and a config path"
U=$1; C=$2; shift 2
listed "$U" "$C"
[ "$verb" = version ] && { count $# 0; placed "$C"; echo ${HELPER_CONTRACT}; exit 0; }
${HELLO}case $verb in
probe) count $# 1; word "$1" sockets fds; probe "$U" "$C" "$1";;
xray) count $# 0; xray "$U" "$CLASSIFY" "$TELL";;
check) count $# 0; facts "$U" "$C";;
read) count $# 1; number "$1" 'the largest size'; placed "$C"; read_config "$C" "$1";;
read-backup) count $# 2; number "$2" 'the largest size'; placed "$C"; run_dir "$1"; read_config "$D/config.yaml" "$2";;
history) count $# 0; placed "$C"; history "$C";;
validate) count $# 0; placed "$C"; validate "$C" "$U";;
journal) count $# 2; number "$1" 'a second'; number "$2" 'a number of lines'; journal "$U" "$1" "$2";;
follow) count $# 1; number "$1" 'a number of lines'; follow "$U" "$1";;
backup) count $# 3; hash "$3"; acts "$1" "$2"; backup "$1" "$D" "$C" "$3";;
write) count $# 4; hash "$3"; hash "$4"; acts "$1" "$2"; write_config "$1" "$D" "$C" "$3" "$4";;
restart|reload) count $# 2; acts "$1" "$2"; service "$1" "$D" "$U" "$verb";;
set-limit) count $# 5; number "$3" 'a pid'; number "$4" 'a limit'; word "$5" once keep; acts "$1" "$2"; set_limit "$1" "$D" "$U" "$3" "$4" "$5";;
arm|extend|disarm|state) count $# 3; number "$3" 'a time in seconds'; acts "$1" "$2"; revert "$1" "$D" headroom-revert "$verb" "$3" '';;
release) count $# 5; word "$3" state put switch; hash "$4"; number "$5" 'a size'; acts "$1" "$2"; release "$1" "$3" "$4" "$5";;
drill) count $# 6; number "$1" 'the time after which nothing is done'; word "$2" start stop state; word "$3" none ${DRILL_NAMES.join(' ')}; number "$4" 'a time in seconds'; number "$5" 'a scale'
  [ "$4" -le 7200 ] || usage 'a drill lasts two hours at most'; placed "$C"; run_dir "$6"; trap '' HUP PIPE; drill "$1" "$C" "$U" "$2" "$3" "$4" "$5" "$6";;
*) usage "there is no verb $verb";;
esac
`;
};
