set -e
export DEBIAN_FRONTEND=noninteractive
before=$(sha256sum /var/lib/bearing/enrolment.json)
pid=$(systemctl show -P MainPID bearing-agent)
apt-get install -y bearing-agent
test "$(dpkg-query -W -f '${Version}' bearing-agent)" != 0.0.1-1
test "$(sha256sum /var/lib/bearing/enrolment.json)" = "$before"
systemctl is-active bearing-agent
test "$(systemctl show -P MainPID bearing-agent)" != "$pid"
if apt-get install -y --allow-downgrades bearing-agent=0.0.1-1; then echo 'a downgrade was taken'; exit 1; fi
test "$(dpkg-query -W -f '${Version}' bearing-agent)" != 0.0.1-1
dpkg --configure -a
systemctl is-active bearing-agent
