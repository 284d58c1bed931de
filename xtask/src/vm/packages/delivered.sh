set -e
systemctl is-active bearing-agent bearing-server
tries=0
while runuser -u bearing -- bearing-agent status > /tmp/status && grep -E '[1-9][0-9]* messages, [0-9]+ KiB' /tmp/status; do
    tries=$((tries + 1))
    if [ $tries -gt 240 ]; then cat /tmp/status; journalctl -u bearing-agent --no-pager | tail -20; exit 1; fi
    sleep 0.5
done
cat /tmp/status
