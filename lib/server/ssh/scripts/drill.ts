import { EXIT } from './prelude.ts';

/**
 * $1 not-after, $2 config path, $3 unit, $4 start, stop or state, $5 family, $6 seconds, $7 scale (0: as it comes), $8 the drill's id. Orders a
 * fault of the proxy for a time, in a file beside its config, or calls it off. Only a process that was started for it is given one. Stopping what
 * is not there is done already; of a drill of another id nothing is touched.
 */
export const DRILL = `F="$2.drill"
[ "$4" = state ] || in_time "$1"
has_ours() { [ -f "$F" ] && grep -qF "\\"id\\":\\"$8\\"" "$F" 2>/dev/null; }
case $4 in
start)
  p=$(systemctl show -p MainPID --value "$3")
  case $p in ''|0|*[!0-9]*) fail ${EXIT.refused} "$3 has no process to rehearse with";; esac
  grep -qa 'drills allowed' "/proc/$p/cmdline" 2>/dev/null || fail ${EXIT.refused} "the proxy of $3 takes no drills: it was not started with --drills-allowed"
  [ -f "$F" ] && ! has_ours "$@" && u=$(sed -n 's/.*"until":\\([0-9]*\\).*/\\1/p' "$F") && [ "\${u:-0}" -gt "$(date +%s)" ] && fail ${EXIT.refused} "another drill is under way here"
  u=$(( $(date +%s) + $6 )); s=; [ "$7" -gt 0 ] && s=",\\"scale\\":$7"
  t=$(mktemp "$F.XXXXXX") || exit ${EXIT.io}
  trap 'rm -f "$t"' EXIT
  printf '{"id":"%s","name":"%s","until":%s%s}\\n' "$8" "$5" "$u" "$s" > "$t" && chmod 644 "$t" && mv -f "$t" "$F" || exit ${EXIT.io}
  echo state=ordered; echo "until=$u";;
stop)
  if has_ours "$@"; then rm -f "$F" || exit ${EXIT.io}; fi
  echo state=off;;
state)
  if has_ours "$@"; then echo state=ordered; sed -n 's/.*"until":\\([0-9]*\\).*/until=\\1/p' "$F"; else echo state=off; fi;;
esac
`;
