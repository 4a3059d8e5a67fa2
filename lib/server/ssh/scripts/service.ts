import { EXIT } from './prelude.ts';

/**
 * $1 not-after, $2 state dir, $3 unit, $4 restart|reload. Exactly once per state dir: `mkdir` is the claim. A claim without `done` belongs to a
 * command that was cut off: where the process is another one than before, it did its work; else it is done now.
 */
export const SERVICE = `D=$2; M="$D/$4"
in_time "$1"
own "$D"
exec 9>>"$D/act.lock" || exit ${EXIT.io}
until flock -n 9; do in_time "$1"; sleep 0.1; done
in_time "$1"
{ [ -e "$D/reverting" ] || [ -e "$D/reverted" ]; } && fail ${EXIT.reverted} 'the node has restored its config already'
show() { systemctl show -p "$1" --value "$U"; }
U=$3
if ! mkdir "$M" 2>/dev/null; then
  [ -d "$M" ] || exit ${EXIT.io}
  [ -f "$M/done" ] && { echo acted=0; exit 0; }
  if [ "$4" = restart ] && [ -s "$M/before" ]; then
    i=0
    while :; do
      case $(show ActiveState) in deactivating|activating) ;; *) break;; esac
      i=$((i+1)); [ "$i" -lt 60 ] || break; sleep 0.5
    done
    b=$(cat "$M/before"); p=$(show MainPID)
    [ "$p" != "$b" ] && [ "$p" != 0 ] && { echo cut-off > "$M/done"; echo acted=0; exit 0; }
  fi
  in_time "$1"
fi
show MainPID > "$M/before" || exit ${EXIT.io}
in_time "$1"
systemctl "$4" "$U"; r=$?
echo "$r" > "$M/done"
echo acted=1
exit "$r"
`;
