# A network of its own with the machine "ip.me" (93.184.216.34) in it, and the proxy on its real ports. Arguments: node, cli, config,
# hosts, backend.
set -e
mount --bind "$4" /etc/hosts
ip link set lo up
ip link add v0 type veth peer name v1
unshare -n sleep 120 & other=$!
until [ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
ip link set v1 netns $other
ip addr add 93.184.216.1/24 dev v0
ip link set v0 up
nsenter -t $other -n sh -c 'ip link set lo up; ip addr add 93.184.216.34/24 dev v1; ip link set v1 up'
nsenter -t $other -n "$1" "$5" 80 443 2222 &
exec "$1" "$2" -c "$3"
