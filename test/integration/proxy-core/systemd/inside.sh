# What an operator does with the units, step by step; each line of output is name=value.
export PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin TERM=xterm
state() { systemctl show -p "$1" --value sniproxy; }
metric() { curl -s http://localhost:9090/metrics | sed -n "s/^$1 //p"; }
until [ -S /run/systemd/journal/stdout ]; do sleep 0.05; done
systemd-sysusers
node /etc/sniproxy/load.mjs backend 18080 &

systemctl start sniproxy
echo "start=$?"
echo "state=$(state ActiveState)"
echo "status=$(state StatusText)"
echo "user=$(stat -c %U "/proc/$(state MainPID)")"
echo "seccomp=$(sed -n 's/^Seccomp:\s*//p' "/proc/$(state MainPID)/status")"
echo "answer=$(curl -s -m 5 -H 'Host: a.test' http://localhost/)"
curl -s -m 5 -H 'Host: self.test' http://localhost/ > /dev/null
echo "loops_refused=$(metric 'sniproxy_refused_total{reason="loop"}')"

# the commands of the incident document, word for word
lsof -p $(pgrep sniproxy-server) | wc -l > /tmp/fds
echo "fds_shown=$(cat /tmp/fds)"
timeout 1 watch -n 1 'lsof -p $(pgrep sniproxy-server) | wc -l' > /tmp/watch
echo "watch_shows=$(grep -c 'lsof -p' /tmp/watch)"
pid=$(state MainPID)
systemctl restart sniproxy
echo "restart=$?"
echo "restarted=$([ "$(state MainPID)" != "$pid" ] && echo yes)"
timeout 1 journalctl -u sniproxy -f > /tmp/journal
echo "journal_shows=$(grep -c '"msg":"started"' /tmp/journal)"
curl http://localhost:9090/metrics 2>/dev/null | grep sniproxy_pool_active_connections > /tmp/pool
echo "pool_shown=$(grep -v '^#' /tmp/pool)"

systemctl reload sniproxy
echo "reload=$?"
echo "reloaded=$(state StatusText)"
cp /etc/sniproxy/config.yaml /tmp/good
echo 'routes: [' >> /etc/sniproxy/config.yaml
systemctl reload sniproxy
echo "bad_reload=$?"
echo "bad_reload_state=$(state ActiveState)"
echo "bad_reload_failed=$(metric sniproxy_config_reload_failed)"
cp /tmp/good /etc/sniproxy/config.yaml
systemctl reload sniproxy

echo SNIPROXY_DRILL=slow-leak > /etc/sniproxy/drill
systemctl restart sniproxy
echo "drill=$(metric 'sniproxy_drill_active{drill="slow-leak"}')"
rm /etc/sniproxy/drill
systemctl stop sniproxy
echo "stopped=$(state ActiveState) $(state Result) $(state ExecMainStatus)"

# restarts behind the socket unit, under load
systemctl start sniproxy.socket sniproxy.service
echo "drill_after=$(metric 'sniproxy_drill_active{drill="slow-leak"}')"
node /etc/sniproxy/load.mjs load 80 /tmp/enough > /tmp/load &
load=$!
for restart in 1 2 3; do
  sleep 0.7
  systemctl restart sniproxy
  echo "restart_$restart=$?"
done
sleep 0.7
touch /tmp/enough
wait $load
cat /tmp/load
systemctl kill --signal=KILL --kill-who=main sniproxy
until [ "$(state NRestarts)" = 1 ] && [ "$(state ActiveState)" = active ]; do sleep 0.1; done
echo "after_kill=$(curl -s -m 5 -H 'Host: a.test' http://localhost/)"

echo 'routes: [' >> /etc/sniproxy/config.yaml
systemctl stop sniproxy.socket sniproxy.service
systemctl start sniproxy 2> /tmp/why
echo "bad_start=$?"
echo "bad_start_says=$(journalctl -u sniproxy -o cat --no-pager | grep -c 'error: this is not valid YAML')"
echo done=yes
