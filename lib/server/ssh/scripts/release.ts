import { EXIT } from './prelude.ts';

/** A pinned Node with the bundle is about 50 MB packed and 130 MB unpacked. */
export const MOST_RELEASE_BYTES = 160 * 1024 * 1024;
const MOST_UNPACKED_KB = 600 * 1024;
/** Node with its headers and npm has about 6,000. */
const MOST_MEMBERS = 30_000;
/** Versions kept side by side, besides the one in use and the one before. */
const KEPT = 4;

/**
 * Of the helper alone: $RELEASES is its own, no caller names a path. releases/<sha256 of the tarball>/ each, and `current`, a link to one of them.
 *
 * $1 not-after, $2 state, put or switch, $3 sha256, $4 bytes, $D the run's dir, $U unit. `put` takes the tarball on stdin, holds it against size and
 * hash before anything is unpacked, and unpacks plain files and folders only, as root's. `switch` notes once what was current, then moves the link in one step.
 * Neither is done where a listed service would run it as root: this one, or another one that starts from `current`.
 */
export const RELEASE = `R=$RELEASES
[ -d "$R" ] || fail ${EXIT.refused} "there is no $R on this node: prepare it for upgrades (docs/prepared-nodes.md)"
trusted "$R/."
as_root() {
  u=$(systemctl show -p User --value "$1"); [ "$(systemctl show -p DynamicUser --value "$1")" = yes ] && return 1
  case $u in ''|root) return 0;; *[!0]*) [ "$(id -u "$u" 2>/dev/null)" = 0 ];; *) return 0;; esac
}
own_user() { as_root "$1" && fail ${EXIT.refused} "$1 runs as root: code is pushed only to a service with a user of its own, or whoever pushes it would be root here"; }
if [ "$2" != state ]; then
  own_user "$U"
  while read -r unit x; do
    case $unit in ''|'#'*) continue;; esac
    case $(systemctl show -p ExecStart --value "$unit") in *"$R/"*) own_user "$unit";; esac
  done < "$CONF"
fi
to() { ln -s "$1" "$R/.current.$$" && mv -T -f "$R/.current.$$" "$R/current" || { rm -f "$R/.current.$$"; fail ${EXIT.io} "the link $R/current cannot be moved"; }; sync "$R" 2>/dev/null || sync; }
case $2 in
state)
  echo "current=$(readlink "$R/current" 2>/dev/null)"
  p=$(systemctl show -p MainPID --value "$U")
  case $p in ''|0|*[!0-9]*) ;; *) echo "exe=$(readlink "/proc/$p/exe" 2>/dev/null)";; esac
  case $(systemctl show -p ExecStart --value "$U") in *"$R/current/"*) echo starts=1;; *) echo starts=0;; esac
  [ -d "$R/releases/$3" ] && echo "there=1" && echo "version=$(head -c 64 "$R/releases/$3/VERSION" | tr -cd 'A-Za-z0-9._+-')"
  echo "root=$R";;
put)
  in_time "$1"
  [ "$4" -le ${MOST_RELEASE_BYTES} ] || fail ${EXIT.tooLarge} "a release has ${MOST_RELEASE_BYTES} bytes at most, and this one $4"
  if [ -d "$R/releases/$3" ]; then cat >/dev/null; echo put=0; exit 0; fi
  mkdir -p "$R/releases" && chmod 755 "$R/releases" || exit ${EXIT.io}
  t=$(mktemp -d "$R/.incoming.XXXXXX") || exit ${EXIT.io}
  trap 'rm -rf "$t"' EXIT
  head -c "$(($4 + 1))" > "$t/tarball" || exit ${EXIT.io}
  [ "$(stat -c %s "$t/tarball")" = "$4" ] && [ "$(sha "$t/tarball")" = "$3" ] || fail ${EXIT.refused} 'the tarball did not arrive as it was announced: nothing was unpacked'
  tar --numeric-owner -tvzf "$t/tarball" > "$t/list" 2>/dev/null || fail ${EXIT.refused} 'it is no tarball'
  awk -v most=${MOST_UNPACKED_KB} '$1 !~ /^[-d]/ || / \\// || /(^| |\\/)\\.\\.(\\/|$)/ { bad = 1 } { kb += $3 / 1024 } END { exit bad || kb > most || NR > ${MOST_MEMBERS} }' "$t/list" ||
    fail ${EXIT.refused} 'the tarball holds something else than files and folders of its own, or too much'
  mkdir "$t/tree" && tar -xzf "$t/tarball" -C "$t/tree" --no-same-owner --no-same-permissions || exit ${EXIT.io}
  [ -f "$t/tree/bin/sniproxy-server" ] && [ -f "$t/tree/VERSION" ] || fail ${EXIT.refused} 'the tarball has no bin/sniproxy-server or no VERSION'
  chmod -R a+rX,go-w,u-s,g-s "$t/tree" && chmod 755 "$t/tree" "$t"/tree/bin/* || exit ${EXIT.io}
  sync; mv -T "$t/tree" "$R/releases/$3" || exit ${EXIT.io}
  k=0; for old in $(ls -1t "$R/releases"); do
    k=$((k+1)); [ "$k" -gt ${KEPT} ] || continue
    [ "$(readlink "$R/current")" = "releases/$old" ] || [ "$(cat "$R/.before" 2>/dev/null)" = "releases/$old" ] || rm -rf "$R/releases/$old"
  done
  echo put=1;;
switch)
  in_time "$1"
  [ -d "$R/releases/$3" ] || fail ${EXIT.missing} "the release $3 is not on this node"
  [ -L "$R/current" ] || fail ${EXIT.refused} "$R/current is no link: there is no way back from the first switch, so make it by hand"
  own "$D"
  exec 9>>"$D/act.lock" || exit ${EXIT.io}
  lock 9; in_time "$1"
  { [ -e "$D/reverting" ] || [ -e "$D/reverted" ]; } && fail ${EXIT.reverted} 'the node has restored its config already'
  w=$(readlink "$R/current")
  [ -f "$D/release-before" ] || { echo "$w" > "$D/release-before.new" && mv -f "$D/release-before.new" "$D/release-before" && cp "$D/release-before" "$R/.before"; } || exit ${EXIT.io}
  echo "before=$w"
  [ "$w" = "releases/$3" ] && { echo switched=0; exit 0; }
  to "releases/$3"
  echo switched=1;;
esac
`;

/** Part of what puts a node back: the release that was current before the run. Where there is no helper nothing was switched. */
export const RELEASE_BACK = `if [ -n "$RELEASES" ] && [ -f "$D/release-before" ]; then
  read -r w < "$D/release-before"
  if [ "$(readlink "$RELEASES/current")" != "$w" ] && [ -d "$RELEASES/$w" ]; then
    r=1; : > "$D/restored"
    ln -s "$w" "$RELEASES/.current.$$" && mv -T -f "$RELEASES/.current.$$" "$RELEASES/current" || exit 1
    sync "$RELEASES" 2>/dev/null || sync
  fi
fi
`;

/** On a bare node: nobody holds what is pushed there against a hash as root, so nothing is. */
export const NO_RELEASE = `echo 'this node is bare: code is pushed to prepared nodes only, whose helper checks it before anything is switched (docs/prepared-nodes.md)' >&2
exit ${EXIT.refused}
`;
