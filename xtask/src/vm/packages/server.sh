set -e
bearing-server init --data-dir /var/lib/bearing-server --policy-key-out /root/policy.key \
    --public-url https://localhost:8443 --admin admin
systemctl restart bearing-server
until systemctl is-active --quiet bearing-server && : > /dev/tcp/127.0.0.1/8443; do
    systemctl is-failed --quiet bearing-server && { journalctl -u bearing-server --no-pager | tail -20; exit 1; }
    sleep 0.2
done
test "$(stat -c %U:%a /var/lib/bearing-server)" = bearing-server:700
