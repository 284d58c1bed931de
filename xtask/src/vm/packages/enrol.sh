set -e
runuser -u bearing-server -- bearing-server token create --group laptops --data-dir /var/lib/bearing-server \
    --out /var/lib/bearing-server/token
mv /var/lib/bearing-server/token /etc/bearing/enrolment-token
chown root:root /etc/bearing/enrolment-token
systemctl start bearing-enroll || { journalctl -u bearing-enroll --no-pager | tail -20; exit 1; }
test ! -e /etc/bearing/enrolment-token
