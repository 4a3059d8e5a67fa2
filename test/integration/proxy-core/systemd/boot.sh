# Boots the machine's own systemd as the first process of namespaces of its own, over a throw-away copy of the file system, and runs
# inside.sh in it. Arguments: folder to work in, node, bundle, folder of units, config, folder of this file. Run by: unshare -m -p -f -n
# -C -u -i
set -e
work=$1 node=$2 bundle=$3 units=$4 config=$5 here=$6
mount -t tmpfs tmpfs "$work/fs"
mkdir "$work/fs/up" "$work/fs/tmp" "$work/fs/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$work/fs/up,workdir=$work/fs/tmp" "$work/fs/root"
root=$work/fs/root
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount --rbind /dev "$root/dev"
for dir in run tmp; do mount -t tmpfs tmpfs "$root/$dir"; done
if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
else
  mount -t tmpfs tmpfs "$root/sys/fs/cgroup"
  mkdir "$root/sys/fs/cgroup/systemd" "$root/sys/fs/cgroup/unified"
  mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup/unified" || true
fi
ip link set lo up
ip addr add 192.0.2.1/32 dev lo

mkdir -p "$root/etc/sniproxy" "$root/etc/systemd/system" "$root/run/out" "$root/etc/sysusers.d"
rm -rf "$root"/etc/systemd/system/*.wants
cp "$units/sniproxy.service" "$units/sniproxy.socket" "$root/etc/systemd/system/"
cp "$units/sniproxy.sysusers" "$root/etc/sysusers.d/sniproxy.conf"
cp "$bundle" "$root/usr/local/bin/sniproxy-server"
cp "$node" "$root/usr/local/bin/node"
cp "$config" "$root/etc/sniproxy/config.yaml"
cp "$here/inside.sh" "$here/load.mjs" "$root/etc/sniproxy/"
cat > "$root/etc/systemd/system/inside.service" <<'UNIT'
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
StandardOutput=file:/run/out/out
StandardError=file:/run/out/errors
ExecStart=/bin/bash /etc/sniproxy/inside.sh
ExecStopPost=/bin/systemctl --force --force poweroff
TimeoutStartSec=80
UNIT
printf '[Unit]\nWants=inside.service systemd-journald.service\n' > "$root/etc/systemd/system/inside.target"
mount --bind "$work/out" "$root/run/out"
container=headroom exec chroot "$root" /lib/systemd/systemd --system --unit=inside.target --show-status=0 --log-target=null
