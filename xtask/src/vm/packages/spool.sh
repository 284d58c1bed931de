set -e
systemctl stop bearing-server
systemctl restart bearing-agent
tries=0
until runuser -u bearing -- bearing-agent status > /tmp/status && grep -E '[1-9][0-9]* messages, [0-9]+ KiB' /tmp/status; do
    tries=$((tries + 1))
    if [ $tries -gt 120 ]; then cat /tmp/status; find /var/lib/bearing -ls; journalctl -u bearing-agent --no-pager | tail -20; exit 1; fi
    sleep 0.5
done
