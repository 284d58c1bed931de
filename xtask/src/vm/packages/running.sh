set -e
tries=0
until systemctl is-active --quiet bearing-agent; do
    tries=$((tries + 1))
    if [ $tries -gt 40 ] || systemctl is-failed --quiet bearing-agent; then
        systemctl status --no-pager bearing-agent || true
        journalctl -u bearing-agent --no-pager | tail -20
        exit 1
    fi
    sleep 0.5
done
test "$(ps -o user= -C bearing-agent 2>/dev/null || stat -c %U /proc/"$(systemctl show -P MainPID bearing-agent)")" = bearing
