import { EXIT } from './prelude.ts';
import { MOST_RELEASE_BYTES } from './release.ts';

/** Where the helper of a prepared node looks for releases too: what is installed here can be upgraded later. */
const ROOT = '/opt/sniproxy';

/**
 * Puts the proxy on a host that has none, as root; a bare node's, for a prepared one has a proxy.
 *
 * $1 not-after, $2 state, put or remove, $3 sha256, $4 bytes, $5 unit, $6 config, $7 run. `put` takes a release's tarball on stdin, holds it against size and
 * hash before anything is unpacked, has the config checked by the program itself before the unit is there, and starts it. What it puts it notes in a list
 * first, by which `remove` takes exactly that away again; it does so itself when it fails. Anything that is there already and not from this very release is
 * refused, and nothing is touched.
 */
export const INSTALL = `R=${ROOT} V=$3 U=\${5%.service} C=$6 L=${ROOT}/.installed
F=/etc/systemd/system/$U.service
undo() {
  [ -f "$L" ] || return 0
  systemctl disable --now "$U" >/dev/null 2>&1
  while read -r what path; do
    case $what in
    file) rm -f "$path";;
    dir) rmdir "$path" 2>/dev/null;;
    tree) rm -rf "$path";;
    user) userdel "$path" >/dev/null 2>&1;;
    esac
  done < "$L"
  systemctl daemon-reload; systemctl reset-failed "$U" >/dev/null 2>&1
  rm -f "$L"; rmdir "$R/releases" "$R" 2>/dev/null
  return 0
}
ours() { [ -f "$L" ] && [ "$(head -n 1 "$L")" = "run $7 $V" ]; }
case $2 in
state)
  [ "$(id -u)" = 0 ] && echo root=1 || echo root=0
  [ -d /run/systemd/system ] && echo systemd=1 || echo systemd=0
  echo "arch=$(uname -m)"
  echo "free=$(df -Pk /opt 2>/dev/null | awk 'NR == 2 { print $4 }')"
  echo "missing=$(for t in tar gzip awk sha256sum useradd systemctl ss; do command -v "$t" >/dev/null || printf '%s ' "$t"; done)"
  [ -e "$F" ] || [ -n "$(systemctl show -p FragmentPath --value "$U" 2>/dev/null)" ] && echo unit=1 || echo unit=0
  [ -e "$R" ] && echo there=1 || echo there=0
  [ -e "$C" ] && echo config=1 || echo config=0
  getent passwd sniproxy >/dev/null && echo user=1 || echo user=0
  head -n 1 "$L" 2>/dev/null | sed 's/^/installed=/'
  p=$(systemctl show -p MainPID --value "$U" 2>/dev/null)
  case $p in ''|0|*[!0-9]*) p=;; esac
  echo "pid=$p"
  [ -z "$p" ] || echo "exe=$(readlink "/proc/$p/exe")"
  echo "listens=$([ -z "$p" ] || ss -ltnpH 2>/dev/null | grep -F "pid=$p," | awk '{ printf "%s ", $4 }')"
  echo "taken=$(ss -ltnpH 2>/dev/null | awk '$4 ~ /:(80|443|9090)$/' | { [ -z "$p" ] && cat || grep -vF "pid=$p,"; } | awk '{ printf "%s ", $4 }')";;
put)
  in_time "$1"
  [ "$(id -u)" = 0 ] || fail ${EXIT.refused} 'putting a service on a host needs root: sign in as root, or let the account run sudo -n'
  if ours "$@"; then cat >/dev/null; echo put=0; exit 0; fi
  [ "$4" -le ${MOST_RELEASE_BYTES} ] || fail ${EXIT.refused} "a release has ${MOST_RELEASE_BYTES} bytes at most, and this one $4"
  [ ! -e "$R" ] && [ ! -L "$R" ] || fail ${EXIT.refused} "$R is there already, and not from this run: nothing was touched"
  [ ! -e "$F" ] && [ -z "$(systemctl show -p FragmentPath --value "$U")" ] || fail ${EXIT.refused} "the unit $U is there already: nothing was touched"
  umask 022
  mkdir "$R" "$R/releases" || exit ${EXIT.io}
  { echo "run $7 $V"; echo "tree $R/releases/$V"; } > "$L" || exit ${EXIT.io}
  t=$(mktemp -d "$R/.incoming.XXXXXX") || exit ${EXIT.io}
  ok=0; trap 'rm -rf "$t"; [ "$ok" = 1 ] || undo' EXIT
  head -c "$(($4 + 1))" > "$t/tarball" || exit ${EXIT.io}
  [ "$(stat -c %s "$t/tarball")" = "$4" ] && [ "$(sha "$t/tarball")" = "$V" ] || fail ${EXIT.refused} 'the tarball did not arrive as it was announced: nothing was unpacked'
  tar --numeric-owner -tvzf "$t/tarball" > "$t/list" 2>/dev/null || fail ${EXIT.refused} 'it is no tarball'
  awk '$1 !~ /^[-d]/ || / \\// || /(^| |\\/)\\.\\.(\\/|$)/ { bad = 1 } END { exit bad }' "$t/list" || fail ${EXIT.refused} 'the tarball holds something else than files and folders of its own'
  mkdir "$t/tree" && tar -xzf "$t/tarball" -C "$t/tree" --no-same-owner --no-same-permissions || exit ${EXIT.io}
  S=$t/tree/share
  [ -f "$t/tree/bin/sniproxy-server" ] && [ -f "$S/sniproxy.service" ] && [ -f "$S/config.yaml" ] || fail ${EXIT.refused} 'the tarball has no program, unit or config: npm run release-proxy makes one that has'
  chmod -R a+rX,go-w,u-s,g-s "$t/tree" && chmod 755 "$t/tree" "$t"/tree/bin/* && mv -T "$t/tree" "$R/releases/$V" || exit ${EXIT.io}
  S=$R/releases/$V/share
  echo "file $R/current" >> "$L"; ln -s "releases/$V" "$R/current" || exit ${EXIT.io}
  "$R/current/bin/node" --version >/dev/null 2>&1 || fail ${EXIT.refused} "the Node of the release does not run here ($(uname -m), $(ldd --version 2>&1 | head -n 1)): make the release on a machine like this one"
  if ! getent passwd sniproxy >/dev/null; then
    echo 'user sniproxy' >> "$L"
    if command -v systemd-sysusers >/dev/null && [ -f "$S/sniproxy.sysusers" ]; then systemd-sysusers "$S/sniproxy.sysusers"; else useradd -r -M -d /nonexistent -s /usr/sbin/nologin sniproxy; fi || exit ${EXIT.io}
  fi
  d=$(dirname "$C")
  if [ ! -e "$C" ]; then
    echo "file $C" >> "$L"
    [ -d "$d" ] || { echo "dir $d" >> "$L"; mkdir -p "$d" || exit ${EXIT.io}; }
    cp "$S/config.yaml" "$C" && chmod 644 "$C" || exit ${EXIT.io}
  fi
  m=$("$R/current/bin/sniproxy-server" -t -c "$C" 2>&1) || fail ${EXIT.refused} "the program refuses $C, so it was not started: $m"
  echo "file $F" >> "$L"
  sed -e "s|^ExecStart=.*|ExecStart=$R/current/bin/sniproxy-server -c $C|" -e "s|^\\(ExecReload=\\)/usr/local/bin/sniproxy-server.*|\\1$R/current/bin/sniproxy-server -t -c $C|" "$S/sniproxy.service" > "$F.new" && mv "$F.new" "$F" || exit ${EXIT.io}
  systemctl daemon-reload && systemctl -q enable "$U" || exit ${EXIT.io}
  in_time "$(($1 + 240000))"
  systemctl start "$U" || fail ${EXIT.refused} "$U did not start: $(journalctl -u "$U" -n 3 -o cat --no-pager 2>/dev/null | tr '\\n' ' ')"
  ok=1; echo put=1;;
remove)
  in_time "$1"
  if ours "$@"; then undo; echo removed=1; else echo removed=0; fi;;
esac
`;
