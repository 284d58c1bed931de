set -e
echo 'abcd.efgh.ijkl' > /etc/bearing/enrolment-token
chmod 600 /etc/bearing/enrolment-token
if systemctl start bearing-enroll; then echo 'a wrong token enrolled'; exit 1; fi
test ! -e /var/lib/bearing/enrolment.json
test -e /etc/bearing/enrolment-token
rm /etc/bearing/enrolment-token
systemctl reset-failed bearing-enroll
