set -e
tar -xf /rig/repository.tar -C /srv
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
source() { echo "deb [signed-by=/srv/repository/bearing.gpg] file:$1 stable main" > /etc/apt/sources.list.d/bearing.list; }
# One byte of the index, then one of the signed text: both must be refused.
for file in dists/stable/main/binary-amd64/Packages dists/stable/InRelease; do
    rm -rf /srv/bad /var/lib/apt/lists/*
    cp -r /srv/repository/apt /srv/bad
    sed -i 's/amd64/amd65/' "/srv/bad/$file"
    rm -f "/srv/bad/dists/stable/main/binary-amd64/Packages.gz" "/srv/bad/dists/stable/Release.gpg"
    source /srv/bad
    if apt-get update -o APT::Update::Error-Mode=any; then echo "$file was altered, and apt took it"; exit 1; fi
done
rm -rf /srv/bad /var/lib/apt/lists/*
source /srv/repository/apt
apt-get update -o APT::Update::Error-Mode=any
# A package with one byte changed is refused, too.
cp -r /srv/repository/apt /srv/bad
source /srv/bad
apt-get update -o APT::Update::Error-Mode=any
printf X | dd of="$(ls /srv/bad/pool/bearing-server_*.deb)" bs=1 seek=4096 conv=notrunc status=none
if apt-get install -y bearing-server; then echo 'an altered package was installed'; exit 1; fi
rm -rf /srv/bad
source /srv/repository/apt
apt-get update -o APT::Update::Error-Mode=any
