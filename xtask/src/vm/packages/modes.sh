set -e
stat -c '%a %U:%G %n' /etc/bearing /etc/bearing/* /usr/bin/bearing-* /usr/lib/systemd/system/bearing-* \
    /usr/lib/sysusers.d/bearing-* /var/lib/bearing /var/lib/bearing-server /run/bearing > /tmp/modes
diff -u - /tmp/modes <<TABLE
755 root:root /etc/bearing
644 root:root /etc/bearing/agent.toml
644 root:root /etc/bearing/server.env
755 root:root /usr/bin/bearing-agent
755 root:root /usr/bin/bearing-server
644 root:root /usr/lib/systemd/system/bearing-agent.service
644 root:root /usr/lib/systemd/system/bearing-enroll.service
644 root:root /usr/lib/systemd/system/bearing-server.service
644 root:root /usr/lib/sysusers.d/bearing-agent.conf
644 root:root /usr/lib/sysusers.d/bearing-server.conf
700 bearing:bearing /var/lib/bearing
700 bearing-server:bearing-server /var/lib/bearing-server
755 bearing:bearing /run/bearing
TABLE
# Below the state directories nothing is for anybody else, and nothing belongs to anybody else.
for user in bearing bearing-server; do
    # A CA's certificate is public.
    bad=$(find "/var/lib/$user" ! -name ca.pem \( ! -user "$user" -o -perm /077 \) -printf '%m %u %p\n')
    if [ -n "$bad" ]; then echo "$bad"; exit 1; fi
done
