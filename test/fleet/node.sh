# Of fleet: one host's link, disk, boot and end.

# ---- one node's link ----
node_mac() { printf '02:77:00:00:01:%02x' "$1"; }
net_up() {
  local i=$1 ns v ip; ns=$(ns_of "$i") v=$(veth_of "$i") ip=$(ip_of "$i")
  net_down "$i"
  ip netns add "$ns"
  ip link add "$v" type veth peer name eth0 address "$(node_mac "$i")" netns "$ns"
  # While detached from the bridge the port must stay mute: no ARP answers, no IPv6.
  sysctl -qw "net.ipv4.conf.$v.arp_ignore=8" "net.ipv6.conf.$v.disable_ipv6=1"
  ip netns exec "$ns" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1
  # Fixed neighbours: a dead or cut node is then a silent black hole, as behind a router, not EHOSTUNREACH.
  ip -n "$ns" -batch - <<-E
	link set lo up
	addr add $ip/24 dev eth0
	link set eth0 up
	neigh replace $NET.1 lladdr 02:77:00:00:00:01 dev eth0 nud permanent
	E
  ip link set "$v" up
  ip neigh replace "$ip" lladdr "$(node_mac "$i")" dev "$BR" nud permanent
}
net_down() {
  local ns v; ns=$(ns_of "$1") v=$(veth_of "$1")
  relay_stop "$1"
  ip link del "$v" 2>/dev/null || true
  ip neigh del "$(ip_of "$1")" dev "$BR" 2>/dev/null || true
  [ ! -e "/run/netns/$ns" ] || ip netns del "$ns"
}
relay_stop() {
  local p; p=$(pid_of "$(nd "$1")/relay.pid") && { kill "$p"; wait_for 3 stopped_file "$(nd "$1")/relay.pid" || kill -9 "$p"; }
  rm -f "$(nd "$1")/relay.pid" "$(nd "$1")/relay.args"
}
stopped_file() { ! pid_of "$1" >/dev/null; }
relay_start() { # I MS JITTER LOSS
  local n v t; n=$(nd "$1") v=$(veth_of "$1") t=$(tap_of "$1")
  ip link set "$v" nomaster
  rm -f "$n/relay.ready"
  setsid --fork python3 "$HERE/linkdelay.py" "$v" "$t" "$n/relay.ready" "${@:2}" >"$n/relay.log" 2>&1 </dev/null 9>&-
  wait_for 5 test -s "$n/relay.ready" || die "delay relay of node $1: $(tail -2 "$n/relay.log")"
  record "$n/relay.pid" "$(cat "$n/relay.ready")"
  echo "${*:2}" >"$n/relay.args"
  sysctl -qw "net.ipv6.conf.$t.disable_ipv6=1" "net.ipv4.conf.$t.arp_ignore=8"
  ip link set "$t" up
}
link_apply() { # make the link match the node's state files: off, partitioned, slow
  local i=$1 n v port want=''; n=$(nd "$i") v=$(veth_of "$i") port=$v
  [ -e "/sys/class/net/$v" ] || return 0
  [ -s "$n/slow" ] && want=$(cat "$n/slow")
  if [ -n "$want" ]; then
    port=$(tap_of "$i")
    if ! pid_of "$n/relay.pid" >/dev/null || [ "$(cat "$n/relay.args" 2>/dev/null)" != "$want" ]; then
      relay_stop "$i"; relay_start "$i" $want
    fi
  elif [ -e "$n/relay.pid" ]; then relay_stop "$i"; fi
  if [ -e "$n/off" ] || [ -e "$n/partitioned" ]; then ip link set "$port" nomaster
  else ip link set "$port" master "$BR"; fi
  if [ -e "$n/reject" ]; then ip route replace unreachable "$(ip_of "$i")/32"
  else ip route del unreachable "$(ip_of "$i")/32" 2>/dev/null || true; fi
}

# ---- one node ----
disk_up() {
  local n; n=$(nd "$1"); mkdir -p "$n/disk" "$n/root"
  if mountpoint -q "$n/disk"; then
    [ ! -e "$n/disk/populated" ] || return 0
    umount "$n/disk"                               # half-made by an interrupted boot: start over
  fi
  mount -t tmpfs -o "size=$DISK,mode=755" "$(ns_of "$1")" "$n/disk"
  mkdir "$n/disk/u" "$n/disk/w"
}
populate() { # I ROOT: what makes this node different from the base, then the caller's skeleton
  local i=$1 r=$2 j u
  echo "n$i" >"$r/etc/hostname"
  tr -d - </proc/sys/kernel/random/uuid >"$r/etc/machine-id"
  { echo "127.0.0.1 localhost"; echo "$NET.1 fleet-host"; for ((j = 1; j <= MAXI; j++)); do echo "$(ip_of $j) n$j"; done; } >"$r/etc/hosts"
  install -d -m 700 -o 1000 -g 1000 "$r/home/sre/.ssh"
  install -m 600 -o 1000 -g 1000 "$KEY.pub" "$r/home/sre/.ssh/authorized_keys"
  ssh-keygen -q -t ed25519 -N '' -C "n$i" -f "$r/etc/ssh/ssh_host_ed25519_key"
  cp "$r/etc/ssh/ssh_host_ed25519_key.pub" "$(nd "$i")/hostkey.pub"
  if [ -n "$SKEL" ]; then
    tar -C "$SKEL" --owner=0 --group=0 -cf - . | tar -C "$r" --no-overwrite-dir -xf -
    chmod 440 "$r"/etc/sudoers.d/* 2>/dev/null || true
    for u in "$SKEL"/etc/systemd/system/*.service; do
      [ ! -e "$u" ] || ! grep -q '^\[Install\]' "$u" || systemctl --root="$r" -q enable "$(basename "$u")"
    done
    if [ -x "$r/root/fleet-setup" ]; then chroot "$r" /root/fleet-setup "$i"; fi
  fi
  touch "$(nd "$i")/disk/populated"
}
__boot() { # runs in a private mount namespace; becomes systemd-nspawn
  local i=$1 n b args=(); n=$(nd "$i") b=$(base_dir)
  [ -z "$IMAGE" ] || b=$IMAGE
  record "$n/pid" $$
  mount -t cgroup2 cgroup2 /sys/fs/cgroup          # nspawn then sees a plain unified host
  mkdir -p "/sys/fs/cgroup/$BR/n$i"
  # Let go of the other nodes' disks and namespaces, or they would outlive `fleet down I`.
  awk -v d="$DIR/nodes/" -v i="$n/" -v m="/run/netns/$BR-n" -v s="/run/netns/$(ns_of "$i")" \
    '(index($5, d) == 1 && index($5, i) != 1) || (index($5, m) == 1 && $5 != s) {print $5}' /proc/self/mountinfo | xargs -r umount -l
  mkdir -p /run/systemd/nspawn; mount -t tmpfs -o mode=755 nspawn /run/systemd/nspawn
  mount -t overlay overlay -o "lowerdir=$b,upperdir=$n/disk/u,workdir=$n/disk/w" "$n/root"
  [ -e "$n/disk/populated" ] || populate "$i" "$n/root"
  args+=(--bind-ro="$NODE_BIN:/usr/local/bin/node")
  local x; for x in ${BIND//,/ }; do args+=(--bind-ro="$x"); done
  # Exit status 133: the node wants a reboot. Otherwise it is off, and its port goes dead.
  # /tmp stays on the node's disk, so a full disk is full everywhere.
  exec env SYSTEMD_NSPAWN_TMPFS_TMP=0 FLEET_DIR="$DIR" sh -c 'cg=$1 self=$2 i=$3; shift 3
    mkdir -p $cg/wrap; echo $$ >$cg/wrap/cgroup.procs
    while (echo 0 >$cg/cgroup.procs; exec "$@"); [ $? = 133 ]; do :; done
    exec bash "$self" __off $i' fleet-node "/sys/fs/cgroup/$BR/n$i" "$SELF" "$i" systemd-nspawn --quiet --boot --directory="$n/root" --machine="$(ns_of "$i")" \
    --register=no --keep-unit --settings=no --network-namespace-path="/run/netns/$(ns_of "$i")" \
    --resolv-conf=off --timezone=off --link-journal=no --console=pipe "${args[@]}"
}
__off() { [ ! -d "$(nd "$1")" ] || { touch "$(nd "$1")/off" && link_apply "$1"; }; }
boot() { # I: start node I and wait until it is ready
  local i=$1 n; n=$(nd "$i")
  if ready "$i"; then return 0; fi
  if ! stopped "$i"; then node_kill "$i"; fi       # half-booted leftovers
  disk_up "$i"; rm -f "$n/off" "$n/pid"; net_up "$i"; link_apply "$i"
  FLEET_DIR=$DIR setsid --fork unshare -m --propagation private bash "$SELF" __boot "$i" >"$n/console.log" 2>&1 </dev/null 9>&-
  wait_for 10 test -s "$n/pid" || die "node $i did not start: $(tail -5 "$n/console.log")"
  local end=$((SECONDS + BOOT_TIMEOUT))
  until ready "$i"; do
    ! stopped "$i" || die "node $i died while booting: $(tail -5 "$n/console.log")"
    [ $SECONDS -lt $end ] || die "node $i not ready after ${BOOT_TIMEOUT}s (see fleet exec $i journalctl -b)"
    sleep 0.1
  done
}
node_kill() { # I: power off hard; only this node's own processes
  local i=$1 p c g=$CG/$BR/n$1
  p=$(pid_of "$(nd "$i")/pid") || p=''
  if c=$(leader "$i"); then kill -9 "$c" 2>/dev/null || true; fi
  [ -n "$p" ] && ! wait_for 5 stopped "$i" && kill -9 "$p" 2>/dev/null
  [ -e "$g/cgroup.kill" ] && echo 1 >"$g/cgroup.kill"   # our own cgroup: stragglers
  wait_for 5 cg_empty "$g" || say "warning: node $i still has processes"
  find "$g" -mindepth 1 -depth -type d -exec rmdir {} + 2>/dev/null || true
  rm -f "$(nd "$i")/pid"
}
cg_empty() { [ ! -e "$1/cgroup.events" ] || grep -q '^populated 0' "$1/cgroup.events"; }
node_down() { # I: stop it and remove every trace
  local i=$1 n; n=$(nd "$i")
  touch "$n/off"; rm -f "$n/reject"; link_apply "$i" || true
  node_kill "$i"; net_down "$i"
  ! mountpoint -q "$n/disk" || umount "$n/disk" || { sleep 1; umount "$n/disk"; } || { say "warning: $n/disk busy"; return 1; }
  [ ! -d "$CG/$BR/n$i" ] || rmdir "$CG/$BR/n$i" 2>/dev/null || true
  rm -rf --one-file-system "$n"
}
write_client_files() {
  local i t=$DIR/.new.$BASHPID c=''
  { echo "Host *"; printf '  %s\n' "User sre" "IdentityFile $KEY" "IdentitiesOnly yes" "BatchMode yes" "UserKnownHostsFile $DIR/known_hosts" \
      "GlobalKnownHostsFile /dev/null" "StrictHostKeyChecking yes" "ConnectTimeout 5" "ServerAliveInterval 5" "ServerAliveCountMax 3" "LogLevel ERROR"
    for i in $(all_nodes); do printf 'Host n%s\n  HostName %s\n' "$i" "$(ip_of "$i")"; done; } >"$t.c"
  for i in $(all_nodes); do [ ! -s "$(nd "$i")/hostkey.pub" ] || echo "n$i,$(ip_of "$i") $(cut -d' ' -f1,2 "$(nd "$i")/hostkey.pub")"; done >"$t.k"
  { echo '{"user":"sre","port":22,"privateKey":"'"$KEY"'","knownHosts":"'"$DIR/known_hosts"'","nodes":['
    for i in $(all_nodes); do
      printf '%s{"id":%s,"name":"n%s","host":"%s","hostKey":"%s"}\n' "$c" "$i" "$i" "$(ip_of "$i")" "$(cut -d' ' -f1,2 "$(nd "$i")/hostkey.pub" 2>/dev/null)"; c=,
    done; echo ']}'; } >"$t.j"
  # ssh offers host names as typed: n1 or the address, both are listed.
  mv "$t.c" "$DIR/ssh_config"; mv "$t.k" "$DIR/known_hosts"; mv "$t.j" "$DIR/inventory.json"
}
