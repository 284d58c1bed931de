tries=0
while status=$(runuser -u bearing -- bearing-agent status); do
    case $status in
        *'nothing was sent yet'*) ;;
        *'Last report'*) echo "$status"; exit 0 ;;
    esac
    tries=$((tries + 1))
    if [ $tries -gt 80 ]; then break; fi
    sleep 0.5
done
echo "$status"
journalctl -u bearing-agent -u bearing-server --no-pager | tail -30
exit 1
