import { MARK } from './prelude.ts';

/**
 * $1 unit, $2 config path, $3 "sockets" or "". fds are counted by directory entries: stat of /proc/PID/fd says 0 before Linux 6.2. A listener that the
 * service manager holds too, for socket activation, is the service's.
 */
export const PROBE = `systemctl show -p MainPID,NRestarts,ActiveState,SubState,CanReload "$1" 2>/dev/null
p=$(systemctl show -p MainPID --value "$1" 2>/dev/null)
case $p in ''|0|*[!0-9]*) p=;; esac
if [ -n "$p" ] && [ -d "/proc/$p" ]; then
  echo "hz=$(getconf CLK_TCK 2>/dev/null || echo 100)"
  sed -n 's/^btime /btime=/p' /proc/stat
  echo "stat=$(cat "/proc/$p/stat" 2>/dev/null)"
  echo "comm=$(cat "/proc/$p/comm" 2>/dev/null)"
  sed -n '/^Max open files/{h;s/^Max open files *\\([0-9a-z]*\\).*/limit=\\1/p;g;s/^Max open files *[0-9a-z]* *\\([0-9a-z]*\\).*/hard=\\1/p;}' "/proc/$p/limits" 2>/dev/null
  sed -n 's/^CapEff:[^0-9a-f]*/capeff=/p' /proc/self/status 2>/dev/null
  echo "uidmap=$(cat /proc/self/uid_map 2>/dev/null)"
  echo "nropen=$(cat /proc/sys/fs/nr_open 2>/dev/null)"
  if [ -r "/proc/$p/fd" ]; then n=$(ls "/proc/$p/fd" 2>/dev/null | wc -l); else n=$($S ls "/proc/$p/fd" 2>/dev/null | wc -l); fi
  [ "$n" -gt 0 ] && echo "fds=$((n))"
fi
if [ "$3" = sockets ] && command -v ss >/dev/null 2>&1; then
  { $S ss -tanp 2>/dev/null || ss -tanp 2>/dev/null; } | awk -v p="pid=\${p:-none}," '
    $1 == "LISTEN" && n < 200 {
      q = ""; if (match($0, /pid=[0-9]+/)) q = substr($0, RSTART + 4, RLENGTH - 4)
      if (index($0, p)) q = substr(p, 5, length(p) - 5)
      print "listener=" $4 " " q; n++
    }
    index($0, p) { s[$1]++ }
    END { for (k in s) print "socket=" k " " s[k] }'
fi
if [ -r "$2" ]; then h=$(sha256sum < "$2" 2>/dev/null); else h=$($S sha256sum "$2" 2>/dev/null); fi
h=\${h%% *}; echo "sha=\${h#\\\\}"
`;

/**
 * $1 the helper of prepared nodes, $2 unit, $3 config path. "helper=" root or sudo, by which it can be run, and its contract; "helper=refused" when
 * it is there and does not answer this account for this service.
 */
export const HELPER = `w=
if [ -x "$1" ]; then
  if [ -z "$S" ]; then w=root; else w=sudo; fi
  if v=$($S "$1" version "$2" "$3" 2>&1 </dev/null); then echo "helper=$w $v"; else w=; echo helper=refused; echo "said=$(printf %s "$v" | tail -n 1)"; fi
fi
`;

/** $1 unit, $2 since (epoch seconds), $3 lines */
export const JOURNAL = `out() { journalctl -u "$1" --since "@$2" -n "$3" --no-pager -o short-iso; }
if [ -n "$S" ]; then $S journalctl -u "$1" --since "@$2" -n "$3" --no-pager -o short-iso 2>/dev/null || out "$@"; else out "$@"; fi
`;

/** $1 unit, $2 lines. Ends by itself when nobody reads any more. */
export const FOLLOW = `exec $S journalctl -u "$1" -n "$2" --no-pager -o short-iso -f
`;

/** $1 url of the node's own metrics page */
export const FETCH = `echo ${MARK}
exec curl -sS --max-time 8 --max-filesize 4194304 --max-redirs 0 --proto =http -- "$1"
`;
