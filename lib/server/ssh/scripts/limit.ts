import { EXIT } from './prelude.ts';

/**
 * $1 not-after, $2 state dir, $3 unit, $4 pid, $5 soft limit, $6 keep or once. Raises the limit of that very process, never lowers it: a second time
 * finds it raised. The new process after a restart has what its unit says; `keep` says it to the unit, in a drop-in of our name: read after those of others
 * (the last one counts), with the unit's hard limit left as high as it is.
 */
export const SET_LIMIT = `D=$2; U=$3
in_time "$1"
own "$D"
exec 9>>"$D/act.lock" || exit ${EXIT.io}
lock 9; in_time "$1"
{ [ -e "$D/reverting" ] || [ -e "$D/reverted" ]; } && fail ${EXIT.reverted} 'the node has restored its config already'
needs prlimit
p=$(systemctl show -p MainPID --value "$U")
[ "$p" = "$4" ] || fail ${EXIT.refused} "the process of $U is $p now, and not $4"
read_limit() { sed -n 's/^Max open files *\\([0-9a-z]*\\) *\\([0-9a-z]*\\).*/\\1 \\2/p' "/proc/$4/limits"; }
k=$6
set -- "$1" "$2" "$3" "$4" "$5" $(read_limit "$@")
[ -n "$7" ] || fail ${EXIT.io} "the limits of $4 cannot be read"
keep() {
  [ "$k" = keep ] || return 0
  d="/etc/systemd/system/\${U%.service}.service.d"; f="$d/zz-headroom-limit.conf"; s=$(systemctl show -p LimitNOFILESoft --value "$U")
  case $s in ''|*[!0-9]*) return 0;; esac
  [ "$s" -lt "$1" ] || return 0
  v=$1; t=$(systemctl show -p LimitNOFILE --value "$U")
  case $t in infinity) v="$1:infinity";; ''|*[!0-9]*) ;; *) [ "$t" -le "$1" ] || v="$1:$t";; esac
  { [ -d "$d" ] || mkdir -m 755 "$d"; } && printf '# of Headroom, to buy time: remove it together with the leak\\n[Service]\\nLimitNOFILE=%s\\n' "$v" > "$f.new" &&
    chmod 644 "$f.new" && mv -f "$f.new" "$f" || fail ${EXIT.io} "$f cannot be written"
  systemctl daemon-reload >&2 || fail ${EXIT.refused} "$f is written, and systemctl daemon-reload failed"
  s=$(systemctl show -p LimitNOFILESoft --value "$U")
  case $s in ''|*[!0-9]*) ;; *) [ "$s" -ge "$1" ] || fail ${EXIT.refused} "$f is written, and $U still starts with $s: another drop-in comes after it";; esac
  echo "kept=$f"
}
echo "before=$6"
if [ "$6" = unlimited ] || [ "$6" -ge "$5" ]; then keep "$5"; echo acted=0; echo "limit=$6"; exit 0; fi
h=$7
[ "$h" = unlimited ] || [ "$h" -ge "$5" ] || h=$5
in_time "$1"
# where root has no CAP_SYS_RESOURCE, as in many containers, the process's own user may still go up to its hard limit
as_its_user() {
  [ "$h" = "$7" ] || return 1
  of() { sed -n "s/^$1:[[:space:]]*\\([0-9]*\\).*/\\1/p" "/proc/$2/status"; }
  setpriv --reuid="$(of Uid "$4")" --regid="$(of Gid "$4")" --clear-groups prlimit --pid "$4" --nofile="$5:$h"
}
prlimit --pid "$4" --nofile="$5:$h" || as_its_user "$@" || fail ${EXIT.refused} "its hard limit is $7: beyond that only root may raise it, with CAP_SYS_RESOURCE"
echo acted=1
set -- "$1" "$2" "$3" "$4" "$5" $(read_limit "$@")
echo "limit=$6"
[ "$6" = "$5" ] || fail ${EXIT.io} "the limit of $4 is $6: it should be $5"
keep "$5"
`;
