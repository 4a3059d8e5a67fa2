import { EXIT } from './prelude.ts';

/** $1 path, $2 largest size in bytes. One line "mode owner group size", then the bytes. */
export const READ_CONFIG = `f=$(readlink -f "$1" 2>/dev/null || echo "$1")
if [ -r "$f" ]; then S=; fi
$S test -f "$f" || { echo "$1 is not there" >&2; exit ${EXIT.missing}; }
m=$($S stat -c '%a %U %G %s' "$f") || exit ${EXIT.refused}
[ "\${m##* }" -le "$2" ] || { echo "$1 has \${m##* } bytes; $2 at most" >&2; exit ${EXIT.tooLarge}; }
echo "meta=$m"
$S cat "$f" || exit ${EXIT.refused}
`;

/**
 * $1 not-after, $2 state dir, $3 path, $4 expected sha256. Idempotent: a backup of exactly these bytes is enough. `untouched` lies beside it until this
 * run writes: what people changed before that is theirs, and no revert takes it back.
 */
export const BACKUP_CONFIG = `D=$2; f=$(readlink -f "$3" 2>/dev/null || echo "$3")
in_time "$1"
own "$D"
exec 9>>"$D/act.lock" || exit ${EXIT.io}
lock 9; in_time "$1"
if [ -f "$D/config.yaml" ]; then
  s=$(sha "$D/config.yaml"); [ "$s" = "$4" ] && exit 0
  echo "sha=$s"; fail ${EXIT.changed} 'this run already keeps a backup of other bytes'
fi
[ -f "$f" ] || fail ${EXIT.missing} "$3 is not there"
s=$(sha "$f"); [ "$s" = "$4" ] || { echo "sha=$s"; exit ${EXIT.changed}; }
t="$D/.backup.$$"; trap 'rm -f "$t"' EXIT
cp -p "$f" "$t" && { sync "$t" 2>/dev/null || sync; } || exit ${EXIT.io}
[ "$(sha "$t")" = "$4" ] || fail ${EXIT.changed} 'config.yaml changed while it was copied'
: > "$D/untouched" && mv -f "$t" "$D/config.yaml" || exit ${EXIT.io}
sync "$D" 2>/dev/null || sync
`;

/**
 * $1 not-after, $2 state dir, $3 path, $4 expected sha256, $5 sha256 of the new bytes, which come on stdin.
 * The temporary file starts as a copy with mode and owner; the new bytes go into it, to disk, and by one rename into place. A file that holds the new
 * bytes already becomes the run's own, so that a revert takes it back.
 */
export const WRITE_CONFIG = `D=$2; f=$(readlink -f "$3" 2>/dev/null || echo "$3"); d=$(dirname "$f")
in_time "$1"
own "$D"
exec 9>>"$D/act.lock" || exit ${EXIT.io}
lock 9; in_time "$1"
{ [ -e "$D/reverting" ] || [ -e "$D/reverted" ]; } && fail ${EXIT.reverted} 'the node has restored its config already'
[ -f "$f" ] || fail ${EXIT.missing} "$3 is not there"
s=$(sha "$f")
ours() { rm -f "$D/untouched" && { sync "$D" 2>/dev/null || sync; } || exit ${EXIT.io}; }
[ "$s" = "$5" ] && { cat >/dev/null; ours; echo written=0; exit 0; }
[ "$s" = "$4" ] || { echo "sha=$s"; exit ${EXIT.changed}; }
t=$(mktemp "$d/.headroom.XXXXXX") || exit ${EXIT.io}
trap 'rm -f "$t"' EXIT
cp -p "$f" "$t" && cat > "$t" && { sync "$t" 2>/dev/null || sync; } || exit ${EXIT.io}
[ "$(sha "$t")" = "$5" ] || fail ${EXIT.io} 'the new bytes did not arrive whole'
[ "$(stat -c '%a %u %g' "$f")" = "$(stat -c '%a %u %g' "$t")" ] || fail ${EXIT.refused} "mode and owner of $3 cannot be kept"
in_time "$1"
s=$(sha "$f"); [ "$s" = "$4" ] || { echo "sha=$s"; exit ${EXIT.changed}; }
ours
mv -f "$t" "$f" || exit ${EXIT.io}
sync "$d" 2>/dev/null || sync
echo written=1
`;

/**
 * $1 path, $2 unit. Root lets the user of the service check it, who reads the file anyway: a file that others may write is not parsed as root. Where the
 * console may push code ($RELEASES) the program may be that code, so there root never runs it.
 */
export const VALIDATE_CONFIG = `command -v sniproxy-server >/dev/null 2>&1 || { echo known=0; exit 0; }
if [ -z "$S" ]; then
  u=$(systemctl show -p User --value "$2" 2>/dev/null)
  [ -n "$u" ] && [ "$u" != root ] && command -v runuser >/dev/null 2>&1 && runuser -u "$u" -- test -r "$1" 2>/dev/null && S="runuser -u $u --"
  [ -z "$S" ] && [ -n "$RELEASES" ] && [ -d "$RELEASES" ] && { echo known=0; exit 0; }
fi
echo known=1
$S sniproxy-server -t -c "$1" 2>&1; r=$?
echo "@exit=$r"
`;
