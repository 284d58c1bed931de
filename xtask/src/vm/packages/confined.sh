set -e
status=/proc/$(systemctl show -P MainPID bearing-agent)/status
grep -E '^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp):' "$status"
# CAP_DAC_READ_SEARCH is bit 2, CAP_SYS_PTRACE bit 19.
grep -q '^CapBnd:.*0000000000080004$' "$status"
grep -q '^NoNewPrivs:.*1$' "$status"
grep -q '^Seccomp:.*2$' "$status"
systemd-analyze security --no-pager bearing-agent bearing-server | tail -n 3
