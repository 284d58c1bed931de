set -e
pid=$(systemctl show -P MainPID bearing-agent)
grep -E '^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp):' "/proc/$pid/status"
# CAP_DAC_READ_SEARCH is bit 2, CAP_SYS_PTRACE bit 19.
grep -q '^CapBnd:.*0000000000080004$' "/proc/$pid/status"
grep -q '^NoNewPrivs:.*1$' "/proc/$pid/status"
grep -q '^Seccomp:.*2$' "/proc/$pid/status"
journalctl -u bearing-agent --no-pager -o cat | grep 'sandbox:' | tail -n 2
chmod +x /rig/attempt
/rig/attempt "$pid"
test "$(systemctl show -P MainPID bearing-agent)" = "$pid"
