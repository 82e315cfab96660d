# The way in for the person at the host: two ports on the machine's loopback. It is the one thing of the bed that listens outside it.

relay_up() {
  listen_on api 16443 -target "$API:6443"
  listen_on edge 18443 -targets "$BED/load-balancers" -port 443 -resolver "$CORP:53"
  kubeconfig admin "https://127.0.0.1:$(cat "$BED/run/relay-api.port")" >"$BED/host.kubeconfig"
  chmod 600 "$BED/host.kubeconfig"
}

# `NAME PORT OPTION…`: a relay on PORT or the next free one
listen_on() {
  local name=relay-$1 port=$2 end=$(($2 + 40)); shift 2
  until start_relay "$name" "$port" "$@"; do
    ((++port < end)) || give_up "no free port for $name"
  done
  echo "$port" >"$BED/run/$name.port"
}

start_relay() {
  local name=$1 port=$2; shift 2
  : >"$LOG/$name.log"
  start "$name" "$BIN/relay" -netns "/proc/$(holder corp)/ns/net" -listen "127.0.0.1:$port" "$@"
  wait_for 10 "$name" grep -qE 'listening on|in use' "$LOG/$name.log"
  grep -q 'listening on' "$LOG/$name.log"
}

# `MILLISECONDS`: a second way to the API server, this much longer at each round trip, on the workstation's own loopback.
# It prints the kubeconfig that goes this way.
distant() {
  local delay=${1:?how many milliseconds} port=$((20000 + ${1:-0}))
  [[ $delay =~ ^[1-9][0-9]{0,3}$ ]] || give_up "a delay is 1 to 9999 milliseconds, not $delay"
  answers admin 127.0.0.1 "$port" 2>/dev/null || {
    start_in admin "distant-$delay" "$BIN/relay" -netns "/proc/$(holder admin)/ns/net" -listen "127.0.0.1:$port" -target "$API:6443" -round-trip "${delay}ms"
    wait_for 10 "the long way" answers admin 127.0.0.1 "$port"
  }
  kubeconfig admin "https://127.0.0.1:$port" >"$BED/distant-$delay.kubeconfig"
  chmod 600 "$BED/distant-$delay.kubeconfig"
  echo "$BED/distant-$delay.kubeconfig"
}

# The browser's: it believes the certificate that is there now, in a profile of the bed's, without the machine's own list.
browser_options() {
  local edge=$1 key root=''
  key=$(openssl s_client -connect "127.0.0.1:$edge" -servername "registry.$BASE_DOMAIN" </dev/null 2>/dev/null | openssl x509 -pubkey -noout 2>/dev/null | openssl pkey -pubin -outform der 2>/dev/null | openssl dgst -sha256 -binary | base64)
  # Chromium has no sandbox for root.
  [ "$EUID" != 0 ] || root='--no-sandbox '
  echo "$root--user-data-dir=$BED/browser --ignore-certificate-errors-spki-list=$key --host-resolver-rules='MAP *.$BASE_DOMAIN 127.0.0.1:$edge'"
}

relay_lines() {
  local edge
  [ -f "$BED/run/relay-api.port" ] && edge=$(cat "$BED/run/relay-edge.port") || give_up "the bed isn't up; start it with: $HERE/bed up"
  # CA.crt is the authority of whoever issued the certificate behind the edge; the registry answers 401 to who has not logged in.
  cat <<LINES
$BIN/kubectl --kubeconfig $BED/host.kubeconfig get pods -A
curl -i --cacert CA.crt --resolve registry.$BASE_DOMAIN:$edge:127.0.0.1 https://registry.$BASE_DOMAIN:$edge/v2/
chromium $(browser_options "$edge") https://registry.$BASE_DOMAIN/v2/
LINES
}
