set -e
# As hostile as it gets: nothing is masked, and the user is there already.
umask 000
useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin bearing
export DEBIAN_FRONTEND=noninteractive
echo 'bearing-agent bearing-agent/server string https://localhost:8443' | debconf-set-selections
apt-get install -y bearing-server bearing-agent=0.0.1-1
grep -qx 'BEARING_SERVER=https://localhost:8443' /etc/bearing/server.env
