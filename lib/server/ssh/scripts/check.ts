import { HELPER } from './probe.ts';

/** $1 unit, $2 config path. What is there, one fact a line; changes nothing. */
export const FACTS = `has() { command -v "$1" >/dev/null 2>&1; }
if has systemctl; then echo systemd=yes; systemctl show -p LoadState,ActiveState,MainPID "$1" 2>/dev/null; else echo systemd=no; fi
f=$(readlink -f "$2" 2>/dev/null || echo "$2")
if [ -r "$f" ] || $S test -r "$f" 2>/dev/null; then echo config=readable; elif [ -e "$f" ] || $S test -e "$f" 2>/dev/null; then echo config=denied; else echo config=missing; fi
if [ -w "$(dirname "$f")" ] || $S test -w "$(dirname "$f")" 2>/dev/null; then echo configdir=writable; else echo configdir=denied; fi
for t in flock systemd-run sha256sum mktemp stat readlink journalctl ss; do has "$t" || echo "lacks=$t"; done
`;

/** $1 helper, $2 unit, $3 config path. The same with what this account may do; what only root sees is asked of the helper where it answers. */
export const CHECK = `${HELPER}
echo "user=$(id -un)"
has() { command -v "$1" >/dev/null 2>&1; }
if [ -z "$S" ]; then echo root=yes; elif ! has sudo; then echo root=no-sudo; elif sudo -n true 2>/dev/null && sudo -n /bin/sh -c : 2>/dev/null; then echo root=sudo; else echo root=denied; fi
h=$1; shift
[ -n "$w" ] && $S "$h" check "$@" 2>/dev/null </dev/null && exit 0
${FACTS}`;
