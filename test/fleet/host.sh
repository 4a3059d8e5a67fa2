# Of fleet: packages, the base tree, the bridge, the cgroup, and what of this machine is put back at the end.

# ---- host packages ----
deps() {
  local c p miss=()
  for p in systemd-nspawn:systemd-container "$BOOTSTRAP:$BOOTSTRAP" ssh:openssh-client ssh-keygen:openssh-client \
    ip:iproute2 flock:util-linux nsenter:util-linux ps:procps sysctl:procps python3:python3 tar:tar "$@"; do
    c=${p%%:*}; p=${p#*:}
    command -v "$c" >/dev/null || miss+=("$p")
  done
  [ ${#miss[@]} = 0 ] && return 0
  say "installing ${miss[*]}"
  apt_get update >"$DIR/apt.log" 2>&1 || say "apt-get update failed, trying with the lists at hand"
  apt_get install -y --no-install-recommends "${miss[@]}" >>"$DIR/apt.log" 2>&1 ||
    die "apt-get install ${miss[*]} failed: $(tail -3 "$DIR/apt.log")"
}
apt_get() { DEBIAN_FRONTEND=noninteractive timeout 300 apt-get -q -o DPkg::Lock::Timeout=120 "$@" 9>&- </dev/null; }

# ---- base tree ----
base_dir() { echo "$DIR/base-$(printf '%s|' "$SUITE" "$MIRROR" "$PKGS" "$BASE_REV" "$BOOTSTRAP" | sha256sum | cut -c1-10)"; }
build_base() {
  local b t log=$DIR/base.log proxy; b=$(base_dir) t=$DIR/base.new
  [ -e "$b/etc/fleet-base" ] && return 0
  say "building the base tree (log: $log)"
  rm -rf --one-file-system "$t"
  # The bootstrapper keeps the lock (fd 9): if this command is killed, the next one waits for it.
  case $BOOTSTRAP in
  mmdebstrap)
    proxy=$(apt-config dump Acquire::http::Proxy | sed -n 's/^Acquire::http::Proxy "\(.\+\)";$/\1/p')
    timeout 600 mmdebstrap --mode=root --variant=apt --include="$PKGS" \
      --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Check-Date "false"' \
      ${proxy:+--aptopt="Acquire::http::Proxy \"$proxy\""} \
      --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
      --dpkgopt='path-exclude=/usr/share/locale/*' \
      "$SUITE" "$t" ${MIRROR:+"$MIRROR"} >"$log" 2>&1 </dev/null ;;
  debootstrap)
    timeout 600 debootstrap --variant=minbase --include="$PKGS" "$SUITE" "$t" \
      ${MIRROR:+"$MIRROR"} >"$log" 2>&1 </dev/null ;;
  *) die "FLEET_BOOTSTRAP must be mmdebstrap or debootstrap" ;;
  esac || die "$BOOTSTRAP failed: $(tail -5 "$log")"
  prepare_base "$t" >>"$log" 2>&1 || die "preparing the base tree failed: $(tail -5 "$log")"
  mv "$t" "$b"
  [ -n "$(all_nodes)" ] || for t in "$DIR"/base-*; do [ "$t" = "$b" ] || rm -rf --one-file-system "$t"; done
}
prepare_base() {
  local r=$1 u
  chroot "$r" groupadd -f systemd-journal
  chroot "$r" useradd -m -u 1000 -s /bin/bash -G adm,systemd-journal sre
  chroot "$r" useradd -r -M -d /nonexistent -s /usr/sbin/nologin sniproxy
  rm -f "$r"/etc/ssh/ssh_host_* "$r/etc/hostname" "$r/etc/resolv.conf"
  : >"$r/etc/machine-id"; : >"$r/etc/resolv.conf"; : >"$r/etc/default/locale"
  install -d -m 2755 "$r/var/log/journal"; chroot "$r" chgrp systemd-journal /var/log/journal
  mkdir -p "$r/etc/systemd/journald.conf.d" "$r/usr/local/bin"
  printf '[Journal]\nStorage=persistent\nSystemMaxUse=16M\nRuntimeMaxUse=8M\n' >"$r/etc/systemd/journald.conf.d/fleet.conf"
  printf 'HostKey /etc/ssh/ssh_host_ed25519_key\nPasswordAuthentication no\nUseDNS no\n' >"$r/etc/ssh/sshd_config.d/fleet.conf"
  cat >"$r/etc/systemd/system/fleet-ready.service" <<-'E'
	[Unit]
	Description=Tell the fleet script that boot is done
	After=ssh.service systemd-user-sessions.service
	[Service]
	Type=oneshot
	ExecStart=/bin/touch /run/fleet-ready
	RemainAfterExit=yes
	[Install]
	WantedBy=multi-user.target
	E
  systemctl --root="$r" enable fleet-ready.service ssh.service
  systemctl --root="$r" set-default multi-user.target
  for u in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer e2scrub_reap.service \
    systemd-logind.service dbus-org.freedesktop.login1.service systemd-networkd.service systemd-resolved.service \
    systemd-timesyncd.service getty.target console-getty.service systemd-update-utmp.service \
    systemd-update-utmp-runlevel.service systemd-pcrphase.service systemd-pcrphase-sysinit.service dev-hugepages.mount; do
    ln -sfn /dev/null "$r/etc/systemd/system/$u"
  done
  chroot "$r" /usr/sbin/sshd -V 2>&1 | head -1 || true
  date -u +%FT%TZ >"$r/etc/fleet-base"
}

# ---- host network, cgroup, limits ----
check_settings() {
  [[ $NET =~ ^10\.77\.([0-9]+)$ ]] && [ "${BASH_REMATCH[1]}" -le 255 ] || die "FLEET_NET must be 10.77.X (got $NET)"
  [[ $BR =~ ^[a-z][a-z0-9]{0,7}$ ]] || die "FLEET_BR: at most 8 letters and digits (got $BR)"
  [[ $DISK =~ ^[0-9]+[kmg]$ ]] || die "FLEET_DISK: a size such as 64m (got $DISK)"
  local other; other=$(ip -4 route show root "$NET.0/24" | grep -v " dev $BR " || true)
  [ -z "$other" ] || die "$NET.0/24 is already routed here: $other"
}
host_up() {
  if ! ip link show "$BR" >/dev/null 2>&1; then
    ip link add "$BR" address 02:77:00:00:00:01 type bridge stp_state 0 forward_delay 0
    sysctl -qw "net.ipv6.conf.$BR.disable_ipv6=1" || true
  fi
  ip addr replace "$NET.1/24" dev "$BR"; ip link set "$BR" up
  mkdir -p "$SHARED"; touch "$SHARED/$BR.up"
  mountpoint -q /run/netns || touch "$SHARED/netns.mine"  # `ip netns add` makes it a mount point
  mkdir -p "$CG"
  mountpoint -q "$CG" || mount -t cgroup2 cgroup2 "$CG" || die "cannot mount cgroup2"
  mkdir -p "$CG/$BR"
  # Each node holds about 7 inotify instances and all nodes share root's quota (128 by default).
  local f=/proc/sys/fs/inotify/max_user_instances
  if [ "$(cat $f)" -lt 4096 ]; then [ -e "$SHARED/inotify.old" ] || cat $f >"$SHARED/inotify.old"; echo 4096 >$f; fi
}
host_down() {
  ip link del "$BR" 2>/dev/null || true
  if mountpoint -q "$CG"; then
    find "$CG/$BR" -depth -type d -exec rmdir {} + 2>/dev/null || true
    umount "$CG" || say "warning: $CG is still mounted"
  fi
  rm -f "$SHARED/$BR.up"
  if [ -d "$SHARED" ] && ! ls "$SHARED" | grep -q '\.up$'; then   # the last fleet restores what all share
    [ ! -e "$SHARED/netns.mine" ] || [ -n "$(ls /run/netns 2>/dev/null)" ] || umount /run/netns 2>/dev/null || true
    [ ! -e "$SHARED/inotify.old" ] || cat "$SHARED/inotify.old" >/proc/sys/fs/inotify/max_user_instances
    rm -rf "$SHARED"; rmdir /run/systemd/nspawn 2>/dev/null || true
  fi
  rm -rf "$DIR/nodes" "$CONF" "$DIR/ssh_config" "$DIR/known_hosts" "$DIR/inventory.json"
}
