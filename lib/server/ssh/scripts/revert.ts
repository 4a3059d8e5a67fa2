import { quote } from '../quote.ts';
import { EXIT } from './prelude.ts';
import { RELEASE_BACK } from './release.ts';

// A node that waits for the console, in files of its state dir:
//   deadline ──past──▶ reverting ──restored, restarted──▶ reverted
//      └──disarm──▶ disarmed
// Each arrow is one rename under flock(lock); restoring and restarting hold act.lock, which edits and restarts hold too.

export const revertTimer = (runId: string): string => `headroom-revert-${runId}`;

/**
 * The deadline file: "second boot age seconds" as they were when it was written, the second and the age being when it is over. due says whether
 * it is, and leaves the second in $d. In the boot that wrote it the age counts, whatever the clock does meanwhile; after a reboot whatever comes
 * first, the second by the clock or as many seconds since that boot as were granted: a clock that lost its time must not hold a node for ever.
 * age_now: seconds since the machine, or the container, was started.
 */
export const DUE = `age_now() {
  read -r a x < /proc/uptime; a=\${a%%.*}
  s=; read -r s < /proc/1/stat; s=\${s##*) }
  set -- $s; [ $# -ge 20 ] || return 0
  shift 19; [ "$(($1 / 100))" -le "$a" ] && a=$((a - $1 / 100)); return 0
}
boot_now() { read -r b < /proc/sys/kernel/random/boot_id || b=-; }
due() {
  d= o= e= n=; read -r d o e n < "$1"
  case $d in ''|*[!0-9]*) d=0;; esac
  case $e$n in *[!0-9]*) e=;; esac
  t=$(date +%s); age_now; boot_now
  if [ -n "$e" ] && [ "$o" = "$b" ]; then d=$((t + e - a)); [ "$a" -ge "$e" ]; return; fi
  [ "$t" -ge "$d" ] && return 0
  [ -n "$e" ] && [ -n "$n" ] && [ "$a" -ge "$n" ]
}
`;

/**
 * $D state dir, $C config path, $U unit, over: what follows when there is nothing to do any more. Whatever it is killed in, the next tick goes on: a claimed revert is finished, a
 * restart whose process is another one is not done again. Without room for a copy the backup itself is moved into place. A file that the run never
 * wrote stays as people have it.
 */
export const FIRE = `exec 8>>"$D/lock" || exit 1
i=0; until flock -n 8; do i=$((i+1)); [ "$i" -lt 50 ] || exit 1; sleep 0.1; done
[ -e "$D/reverted" ] && over
if [ ! -e "$D/reverting" ]; then
  [ -f "$D/deadline" ] || over
  due "$D/deadline" || exit 0
  mv -f "$D/deadline" "$D/reverting" || exit 1
fi
exec 8>&-
exec 9>>"$D/act.lock" || exit 1
i=0; until flock -n 9; do i=$((i+1)); [ "$i" -lt 1200 ] || exit 1; sleep 0.1; done
[ -e "$D/reverted" ] && over
r=0; f=$(readlink -f "$C" 2>/dev/null || echo "$C"); d=$(dirname "$f"); B="$D/config.yaml"
if [ -f "$B" ] && [ ! -e "$D/untouched" ] && ! cmp -s "$B" "$f"; then
  r=1; : > "$D/restored"
  cp -p "$f" "$D/overwritten.yaml" 2>/dev/null
  if t=$(mktemp "$d/.headroom.XXXXXX") && cp -p "$B" "$t" && { sync "$t" 2>/dev/null || sync; } && cmp -s "$B" "$t"; then
    mv -f "$t" "$f" || { rm -f "$t"; exit 1; }
  else
    rm -f "$t"; mv -f "$B" "$f" || exit 1
  fi
  sync "$d" 2>/dev/null || sync
fi
${RELEASE_BACK}if [ "$r" = 1 ] || [ -e "$D/restored" ] || [ -d "$D/restart" ] || [ -d "$D/reload" ]; then
  b=; [ -f "$D/revert-before" ] && read -r b < "$D/revert-before"
  p=$(systemctl show -p MainPID --value "$U")
  if [ -z "$b" ] || [ "$b" = "$p" ] || [ "$p" = 0 ]; then
    echo "$p" > "$D/revert-before.new" && mv -f "$D/revert-before.new" "$D/revert-before"
    systemctl reset-failed "$U" 2>/dev/null
    systemctl restart "$U"; echo "$?" > "$D/revert-exit"
  fi
fi
mv -f "$D/reverting" "$D/reverted" || exit 1
sync "$D" 2>/dev/null || sync
over
`;

/** The same as a file of a bare node, run by a transient timer of systemd-run every 5 s. */
export const revertProgram = (p: { stateDir: string; configPath: string; unit: string; timer: string }): string => `#!/bin/sh
D=${quote(p.stateDir)} C=${quote(p.configPath)} U=${quote(p.unit)} T=${quote(p.timer)}
trap '' HUP PIPE
umask 077
over() { systemctl stop "$T.timer" 2>/dev/null; exit 0; }
${DUE}${FIRE}`;

/** Of a bare node: the timer that runs the program above; a reboot takes it away. */
export const TRANSIENT_TIMER = `ticks() { [ "$(systemctl is-active "$T.timer" 2>/dev/null)" = active ]; }
start() {
  ticks && return 0
  [ -f "$D/revert.sh" ] || return 1
  systemctl reset-failed "$T.service" 2>/dev/null
  systemd-run --quiet --collect --unit="$T" --on-active=5 --on-unit-active=5 --timer-property=AccuracySec=1s /bin/sh "$D/revert.sh" >&2 8>&-
}
stop() { systemctl stop "$T.timer" 2>/dev/null 8>&-; }
`;

/**
 * $1 not-after, $2 state dir, $3 timer, $4 arm|extend|disarm|state, $5 seconds, $6 the program of a bare node.
 * A deadline that is over belongs to the node: the console no longer moves it, unless the timer is gone (a reboot), when nothing would act.
 */
export const REVERT = `D=$2; T=$3
[ "$4" = state ] || in_time "$1"
[ -d "$D" ] || { [ "$4" = arm ] && fail ${EXIT.noBackup} 'there is no backup to go back to'; }
[ -d "$D" ] || { if [ "$4" = disarm ]; then echo state=disarmed; else echo state=gone; fi; exit 0; }
own "$D"
exec 8>>"$D/lock" || exit ${EXIT.io}
lock 8
[ "$4" = state ] || in_time "$1"
is() { echo "state=$1"; exit 0; }
[ -e "$D/reverted" ] && is reverted
[ -e "$D/reverting" ] && is reverting
d=; [ -f "$D/deadline" ] && due "$D/deadline" && ticks && is reverting
write() {
  age_now; boot_now; d=$(( $(date +%s) + $1 ))
  echo "$d $b $((a + $1)) $1" > "$D/deadline.new" && { sync "$D/deadline.new" 2>/dev/null || sync; } && mv -f "$D/deadline.new" "$D/deadline" || fail ${EXIT.io} 'the deadline cannot be written'
}
case $4 in
state)
  [ -n "$d" ] && { echo "deadline=$d"; is armed; }
  [ -e "$D/disarmed" ] && is disarmed
  is gone;;
disarm)
  if [ -n "$d" ]; then mv -f "$D/deadline" "$D/disarmed" || exit ${EXIT.io}; else : > "$D/disarmed" || exit ${EXIT.io}; fi
  stop
  is disarmed;;
extend)
  [ -n "$d" ] || { [ -e "$D/disarmed" ] && is disarmed; is gone; }
  write "$5"
  start || fail ${EXIT.refused} "systemd cannot start the timer $T, which puts config.yaml back"
  echo "deadline=$d"; is armed;;
arm)
  [ -e "$D/disarmed" ] && is disarmed
  [ -f "$D/config.yaml" ] || fail ${EXIT.noBackup} 'there is no backup to go back to'
  if [ -z "$d" ] && [ -n "$6" ]; then
    printf '%s' "$6" > "$D/revert.sh.new" && { sync "$D/revert.sh.new" 2>/dev/null || sync; } && mv -f "$D/revert.sh.new" "$D/revert.sh" || exit ${EXIT.io}
  fi
  write "$5"
  start || { rm -f "$D/deadline"; fail ${EXIT.refused} "systemd cannot start the timer $T, which puts config.yaml back"; }
  echo "deadline=$d"; is armed;;
esac
`;
