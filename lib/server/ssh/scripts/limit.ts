import { ACT, EXIT } from './prelude.ts';

/**
 * $1 not-after, $2 state dir, $3 unit, $4 pid, $5 soft limit. Raises the limit of that very process, never lowers it: a second time finds it raised.
 * The new process after a restart has what its unit says.
 */
export const SET_LIMIT = `${ACT}
D=$2; U=$3
in_time "$1"
own "$D"
exec 9>>"$D/act.lock" || exit ${EXIT.io}
lock 9; in_time "$1"
{ [ -e "$D/reverting" ] || [ -e "$D/reverted" ]; } && fail ${EXIT.reverted} 'the node has restored its config already'
command -v prlimit >/dev/null || fail ${EXIT.refused} 'prlimit(1) is missing: apt-get install util-linux'
p=$(systemctl show -p MainPID --value "$U")
[ "$p" = "$4" ] || fail ${EXIT.refused} "the process of $U is $p now, and not $4"
read_limit() { sed -n 's/^Max open files *\\([0-9a-z]*\\) *\\([0-9a-z]*\\).*/\\1 \\2/p' "/proc/$4/limits"; }
set -- "$1" "$2" "$3" "$4" "$5" $(read_limit "$@")
[ -n "$7" ] || fail ${EXIT.io} "the limits of $4 cannot be read"
echo "before=$6"
if [ "$6" = unlimited ] || [ "$6" -ge "$5" ]; then echo acted=0; echo "limit=$6"; exit 0; fi
h=$7
[ "$h" = unlimited ] || [ "$h" -ge "$5" ] || h=$5
in_time "$1"
prlimit --pid "$4" --nofile="$5:$h" || fail ${EXIT.refused} "its hard limit is $7: beyond that only root may raise it, with CAP_SYS_RESOURCE"
echo acted=1
set -- "$1" "$2" "$3" "$4" "$5" $(read_limit "$@")
echo "limit=$6"
[ "$6" = "$5" ] || fail ${EXIT.io} "the limit of $4 is $6: it should be $5"
`;
