/** How far before the file's last change a sudo command may lie that made it: an editor that was left open, seconds. */
const EDITOR_S = 1800;

/**
 * $1 config path. The file as it is ("file=" hash, second of its last change, owner), who may have changed it by sudo's log ("sudo="), and what earlier
 * runs have kept ("kept=" run, state, second, hash), newest first.
 */
export const HISTORY = `f=$(readlink -f "$1" 2>/dev/null || echo "$1")
if [ -r "$f" ]; then R=; else R=$S; fi
m=$($R stat -c '%Y %U' "$f" 2>/dev/null) && h=$($R sha256sum < "$f" 2>/dev/null || $S sha256sum "$f")
echo "file=\${h%% *} $m"
m=\${m%% *}
case $m in ''|*[!0-9]*) ;; *)
  $S journalctl -q _COMM=sudo --since "@$((m - ${EDITOR_S}))" --until "@$((m + 2))" --no-pager -o cat 2>/dev/null |
    grep 'COMMAND=' | grep -v -e 'now_ms()' -e 'COMMAND=/usr/local/sbin/headroom-node' | grep -F -e "\${f##*/}" -e "\${f%/*}" -e 'COMMAND=/bin/bash' -e 'COMMAND=/bin/sh' -e 'COMMAND=/usr/bin/su' | tail -n 3 | cut -c 1-300 | sed 's/^/sudo=/';;
esac
B=$(dirname "$1")/.headroom
for r in $($S ls -1t "$B" 2>/dev/null | head -n 50); do
  case $r in *[!A-Za-z0-9_-]*) continue;; esac
  D="$B/$r"; k="$D/config.yaml"
  $S test -f "$k" 2>/dev/null || continue
  s=kept; for w in deadline:armed disarmed:disarmed reverting:reverting reverted:reverted; do $S test -e "$D/\${w%%:*}" 2>/dev/null && s=\${w#*:}; done
  h=$($S sha256sum "$k" 2>/dev/null); h=\${h%% *}; echo "kept=$r $s $($S stat -c %Y "$D/act.lock" 2>/dev/null || echo 0) \${h#\\\\}"
done
`;
