// Bounds of what a look says, whatever the process holds: groups of their own, and bytes of socket numbers.
const GROUPS = 200;
const ID_BYTES = 150_000;

/**
 * fds, then the socket tables of the process's own network namespace → one line per fd: count, kind, state, local, peer, number of the socket or pipe,
 * fd, both full addresses. A socket in no table is an orphan if a second listing still has it, else it was closed during the look.
 * The times of /proc/PID/fd/N are of the first look at N, and stay when N is given out again: they are no ages, and are not read.
 * A listener on its own address makes a connection a client's; the client's port is dropped. Addresses stay in the kernel's hex.
 */
const CLASSIFY = `
function host(a,  h) { if (length(a) == 13) return substr(a, 1, 8); h = substr(a, 1, 32); return h ~ /^(0000000000000000FFFF0000|00000000000000000000FFFF)/ ? substr(h, 25) : h }
function port(a) { return substr(a, length(a) - 3) }
function whole(a) { return length(a) == 13 ? a : host(a) ":" port(a) }
function parse() {
  if ($10 != "->") return 0
  fd = $9; if (relook) sub(/.*\\//, "", fd); target = $11; if (NF > 11) target = substr($0, index($0, " -> ") + 4)
  return fd ~ /^[0-9]+$/
}
function look_again(  f, c, n) {
  relook = 1; c = "ls " o
  for (f in id) if (id[f] in want && !(id[f] in tab)) { if (++n > 500) break; c = c " " dir "/" f }
  if (!n) return; if (n > 500) c = "ls " o " " dir; c = as c " 2>/dev/null"
  while ((c | getline) > 0) if (parse()) back[fd] = target; close(c)
}
function heard(a) { return port(a) in ports && (a in listens || ("00000000:" port(a)) in listens || (ANY6 ":" port(a)) in listens) }
BEGIN { ANY6 = "00000000000000000000000000000000" }
index($0, m) == 1 { sec = substr($0, length(m) + 1); next }
sec == "fd" {
  if (!parse() || fd in at) next
  at[fd] = target
  if (target ~ /^socket:\\[[0-9]+\\]$/) { s = substr(target, 9, length(target) - 9); id[fd] = s; want[s] }
  else if (target ~ /^pipe:\\[[0-9]+\\]$/) id[fd] = substr(target, 7, length(target) - 7)
  next
}
sec == "tcp" { if ($4 == "0A") { listens[whole($2)] = 1; ports[port($2)] = 1 } if ($10 in want) { tab[$10] = sec; st[$10] = $4; la[$10] = whole($2); ra[$10] = whole($3) } next }
sec == "udp" || sec == "raw" { if ($10 in want) { tab[$10] = sec; st[$10] = $4; la[$10] = whole($2); ra[$10] = whole($3) } next }
sec == "unix" { if ($7 in want) { tab[$7] = sec; la[$7] = $8 } next }
sec == "netlink" { if ($10 in want) tab[$10] = sec; next }
sec == "packet" { if ($9 in want) tab[$9] = sec; next }
function plain(s) { gsub(/[\\001-\\037]/, "?", s); return substr(s, 1, 200) }
function classify(f,  t, s, k) {
  kind = "other"; state = local = peer = "-"; s = f in id ? id[f] : ""
  if (s in want) {
    k = tab[s]
    if (k == "") { kind = back[f] == at[f] ? "orphan" : "closed"; return }
    if (k == "unix") { kind = "unix"; if (la[s] != "") peer = plain(la[s]); return }
    if (k == "netlink" || k == "packet") { kind = "socket"; peer = k; return }
    state = st[s]
    if (k == "tcp" && state == "0A") { kind = "listener"; local = la[s] }
    else if (k == "tcp" && state == "07") kind = "orphan"
    else if (k == "tcp" && heard(la[s])) { kind = "client"; local = port(la[s]); peer = host(ra[s]) }
    else if (k == "tcp") { kind = "upstream"; peer = ra[s] }
    else if (k == "raw") { kind = "socket"; peer = k }
    else { kind = "udp"; if (state == "01") peer = ra[s]; else local = la[s] }
    return
  }
  t = at[f]
  if (t ~ /^pipe:\\[/) kind = "pipe"
  else if (t ~ /^anon_inode:/) { kind = "anon"; peer = plain(substr(t, 12)) }
  else if (substr(t, 1, 1) == "/") { kind = "file"; if (t ~ / \\(deleted\\)$/) { state = "deleted"; t = substr(t, 1, length(t) - 10) } peer = plain(t) }
}
END {
  look_again(); OFS = "\\t"
  for (f in at) { classify(f); k = kind OFS state OFS local OFS peer; key[f] = k; if (!count[k]++) folded[k] = kind OFS state OFS "*" OFS "*" }
  for (k in count) { h[count[k]]++; if (count[k] > top) top = count[k] }
  left = ${GROUPS}; for (c = top; c > 0 && h[c] <= left; c--) left -= h[c]
  for (k in count) { if (count[k] > c || (count[k] == c && left-- > 0)) { final[k] += count[k]; folded[k] = k } else final[folded[k]] += count[k] }
  for (f in at) { k = folded[key[f]]; s = f in id ? id[f] : 0; if (s in ra) print final[k], k, s, f, la[s], ra[s]; else print final[k], k, s, f, "-", "-" }
}`;

/** Lines in groups → "g=" the group, "e=" its three with the lowest numbers (made first), "i=" all numbers: the first, then differences. */
const TELL = `
BEGIN { n = -1 }
{ k = $1 FS $2 FS $3 FS $4 FS $5 }
k != last { if (ids) print ""; ids = 0; last = k; examples = 0; n++; print "g=" $1 " " $2 " " $3 " " $4 " " $5; total += $1 }
examples < 3 && $2 != "file" && $2 != "anon" { if (ids) print ""; ids = 0; examples++; print "e=" n " " $7 " " $6 " " $8 " " $9; }
$6 > 0 && bytes >= ${ID_BYTES} { cut++ }
$6 > 0 && bytes < ${ID_BYTES} { if (!ids) { s = "i=" n " " $6; ids = 1 } else s = " " ($6 - before); before = $6; printf "%s", s; bytes += length(s) }
END { if (ids) print ""; print "total=" total + 0; print "idscut=" cut + 0 }`;

/** $1 unit, $2 the program above that classes, $3 the one that tells. Writes nothing on the node. */
export const XRAY = `p=$(systemctl show -p MainPID --value "$1" 2>/dev/null)
case $p in ''|0|*[!0-9]*) p=;; esac
echo "pid=$p"
[ -n "$p" ] && [ -d "/proc/$p" ] || exit 0
echo "hz=$(getconf CLK_TCK 2>/dev/null || echo 100)"
sed -n 's/^btime /btime=/p' /proc/stat
was=$(cat "/proc/$p/stat" 2>/dev/null)
echo "stat=$was"
echo "comm=$(cat "/proc/$p/comm" 2>/dev/null)"
sed -n 's/^Max open files *\\([0-9a-z]*\\).*/limit=\\1/p' "/proc/$p/limits" 2>/dev/null
echo "endian=$(printf '\\1\\0' | od -An -tu2 2>/dev/null | tr -d ' ')"
[ -r "/proc/$p/fd" ] && S=
LC_ALL=C; export LC_ALL; unset TIME_STYLE
o=-ln; ls -q / >/dev/null 2>&1 && o=-lnq
T=$(printf '\\t'); m="@$$-"
table() { echo "$m$1"; shift; for t; do cat "/proc/$p/net/$t" 2>/dev/null; done; }
$S ls "/proc/$p/fd" >/dev/null 2>&1 || { echo denied=1; exit 0; }
{
  echo "$m""fd"; $S ls $o "/proc/$p/fd" 2>/dev/null
  table tcp tcp tcp6; table udp udp udp6; table raw raw raw6 icmp icmp6; table unix unix; table netlink netlink; table packet packet
} | awk -v "m=$m" -v "as=$S " -v "o=$o" -v "dir=/proc/$p/fd" "$2" | sort -t "$T" -k1,1nr -k2,5 -k6,6n | awk -F "$T" "$3"
now=$(cat "/proc/$p/stat" 2>/dev/null)
for v in was now; do eval "x=\\$$v"; x=\${x##*) }; set -- $x; [ $# -lt 20 ] || { shift 19; echo "start=$1"; }; done
echo 'times='
times
`;

export const XRAY_PROGRAMS: readonly [classify: string, tell: string] = [CLASSIFY, TELL];
