import { EXIT } from './prelude.ts';

/**
 * $1 not-after, $2 state dir, $3 unit, $4 pid, $5 soft limit, $6 keep or once. Raises the limit of that very process, never lowers it: a second time
 * finds it raised. The new process after a restart has what its unit says; `keep` says it to the unit, in a drop-in of our name.
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
  d="/etc/systemd/system/\${U%.service}.service.d"; f="$d/headroom-limit.conf"; s=$(systemctl show -p LimitNOFILESoft --value "$U")
  case $s in ''|*[!0-9]*) return 0;; esac
  [ "$s" -lt "$1" ] || return 0
  { [ -d "$d" ] || mkdir -m 755 "$d"; } && printf '# of Headroom, to buy time: remove it together with the leak\\n[Service]\\nLimitNOFILE=%s\\n' "$1" > "$f.new" &&
    chmod 644 "$f.new" && mv -f "$f.new" "$f" || fail ${EXIT.io} "$f cannot be written"
  systemctl daemon-reload >&2 || fail ${EXIT.refused} "$f is written, and systemctl daemon-reload failed"
  echo "kept=$f"
}
echo "before=$6"
if [ "$6" = unlimited ] || [ "$6" -ge "$5" ]; then keep "$5"; echo acted=0; echo "limit=$6"; exit 0; fi
h=$7
[ "$h" = unlimited ] || [ "$h" -ge "$5" ] || h=$5
in_time "$1"
prlimit --pid "$4" --nofile="$5:$h" || fail ${EXIT.refused} "its hard limit is $7: beyond that only root may raise it, with CAP_SYS_RESOURCE"
echo acted=1
set -- "$1" "$2" "$3" "$4" "$5" $(read_limit "$@")
echo "limit=$6"
[ "$6" = "$5" ] || fail ${EXIT.io} "the limit of $4 is $6: it should be $5"
keep "$5"
`;
