# What a company has around its cluster: DNS, registries under their public names, an ACME authority, a proxy (corp), and a workstation (admin).

corp_up() {
  mkdir -p "$BED/corp" "$BED/dns" "$BED/registries" "$BED/acme" "$BED/proxy"
  corp_certificates
  echo "nameserver $CORP" >"$BED/corp/resolv.conf"
  cat /etc/ssl/certs/ca-certificates.crt "$BED/corp/ca.crt" >"$BED/corp/trust.crt"
  hold corp
  hold admin
  enter corp env BED="$BED" bash -euc "hostname corp; ip link set lo up; ip link add lan type bridge; ip addr add $CORP/24 dev lan; ip link set lan up; $private_run"
  plug admin "$WORKSTATION"
  enter admin env BED="$BED" bash -euc "hostname admin; $private_run"
  dns_server
  registry_server
  acme_server
  proxy_server
  wait_for 20 "corp's DNS" answers admin "$CORP" 53
  wait_for 20 "corp's registry" answers admin "$CORP" 443
  wait_for 20 "corp's proxy" answers admin "$CORP" 3128
}

# `WHERE ADDRESS`: a cable to corp's bridge. The bridge has no other end: no packet leaves the machine by it.
plug() {
  enter corp ip link add "to-$1" type veth peer name eth0 netns "$(holder "$1")"
  enter corp ip link set "to-$1" master lan up
  enter "$1" bash -euc "ip link set lo up; ip addr add $2/24 dev eth0; ip link set eth0 up; ip route add default via $CORP"
}

dns_server() {
  random_key "$BED/dns/tsig"
  local soa="@ 5 SOA ns hostmaster 1 60 60 600 5
@ 5 NS ns
ns 5 A $CORP" zone
  # The base domain keeps what updates wrote; the others are the same at each start.
  [ -f "$BED/dns/base.zone" ] || { echo "$soa" >"$BED/dns/base.zone.new"; mv "$BED/dns/base.zone.new" "$BED/dns/base.zone"; }
  printf '%s\nacme 5 A %s\nproxy 5 A %s\n' "$soa" "$CORP" "$CORP" >"$BED/dns/corp.zone"
  printf '%s\n@ 5 A %s\nregistry-1 5 A %s\n' "$soa" "$CORP" "$CORP" >"$BED/dns/public.zone"
  # A root of our own: an unknown name does not exist, as in a company without the Internet. Without it the answer would be REFUSED.
  printf '%s\n' "$soa" >"$BED/dns/root.zone"
  {
    cat <<Y
server:
    rundir: "$BED/dns"
    listen: $CORP@53
database:
    storage: "$BED/dns"
log:
  - target: stderr
    any: info
key:
  - id: airlock
    algorithm: hmac-sha256
    secret: $(cat "$BED/dns/tsig")
acl:
  - id: update
    key: airlock
    action: update
zone:
  - domain: $BASE_DOMAIN
    storage: "$BED/dns"
    file: base.zone
    acl: update
  - domain: corp.test
    storage: "$BED/dns"
    file: corp.zone
  - domain: .
    storage: "$BED/dns"
    file: root.zone
Y
    for zone in $PUBLIC_REGISTRIES; do printf '  - domain: %s\n    storage: "%s"\n    file: public.zone\n' "$zone" "$BED/dns"; done
  } >"$BED/dns/knot.conf"
  chmod 600 "$BED/dns/knot.conf"
  start_in corp dns knotd -c "$BED/dns/knot.conf"
}

# One server under all public names: nodes and workstation use the references that they would use anywhere.
registry_server() {
  cat >"$BED/registries/config.yml" <<Y
version: 0.1
log: {accesslog: {disabled: true}, level: warn}
storage: {filesystem: {rootdirectory: $BED/registries/data}, delete: {enabled: true}}
http: {addr: "$CORP:443", tls: {certificate: $BED/corp/registries.crt, key: $BED/corp/registries.key}}
Y
  start_in corp registries env OTEL_TRACES_EXPORTER=none "$BIN/registry" serve "$BED/registries/config.yml"
}

# pebble: an ACME authority for tests. Its roots change at each start, by its own design; they are at https://acme.corp.test:15000/roots/0, and
# the one that an alternate chain leads to at roots/1. Its customer number `customer-7` has the key in acme/external-key; nobody has to give one.
acme_server() {
  [ -s "$BED/acme/external-key" ] || openssl rand -base64 32 | tr '+/' '-_' | tr -d '=\n' >"$BED/acme/external-key"
  cat >"$BED/acme/config.json" <<J
{"pebble": {"listenAddress": "$CORP:14000", "managementListenAddress": "$CORP:15000",
  "certificate": "$BED/corp/acme.crt", "privateKey": "$BED/corp/acme.key", "httpPort": 80, "tlsPort": 443, "ocspResponderURL": "",
  "externalAccountBindingRequired": false, "externalAccountMACKeys": {"customer-7": "$(cat "$BED/acme/external-key")"}, "retryAfter": {"authz": 1, "order": 1}, "keyAlgorithm": "ecdsa",
  "profiles": {"default": {"description": "90 days", "validityPeriod": 7776000}, "shortlived": {"description": "6 days", "validityPeriod": 518400}}}}
J
  start_in corp acme env PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=5 PEBBLE_ALTERNATE_ROOTS=1 "$BIN/pebble" -config "$BED/acme/config.json" -dnsserver "$CORP:53"
}

# squid: the way out as companies have it, http://proxy.corp.test:3128. It asks for a password, opens TLS with an authority of its own
# (corp/proxy-ca), and notes what it saw there in proxy/access.log. Mail is passed on as it is. The name acme.outside.test, where pebble
# is, is known to it alone. It does not run as root, so its files are those of Debian's user `proxy`, at a place that this user reaches.
proxy_server() {
  local here=/run/airlock-proxy
  authority "$BED/corp/proxy-ca" /CN=airlock-test-proxy
  random_key "$BED/corp/proxy-password"
  echo "airlock:$(openssl passwd -apr1 -stdin <"$BED/corp/proxy-password")" >"$BED/proxy/accounts"
  cat "$BED/corp/proxy-ca.crt" "$BED/corp/proxy-ca.key" >"$BED/proxy/ca.pem"
  cp "$BED/corp/ca.crt" "$BED/proxy/believed.crt"
  echo "$CORP acme.outside.test" >"$BED/proxy/hosts"
  cat >"$BED/proxy/squid.conf" <<Y
visible_hostname proxy.corp.test
http_port $CORP:3128 ssl-bump generate-host-certificates=on tls-cert=$here/ca.pem dynamic_cert_mem_cache_size=4MB
sslcrtd_program /usr/lib/squid/security_file_certgen -s $here/made -M 4MB
sslcrtd_children 1 startup=1 idle=1
sslproxy_session_cache_size 0
tls_outgoing_options cafile=$here/believed.crt
auth_param basic program /usr/lib/squid/basic_ncsa_auth $here/accounts
auth_param basic children 1 startup=1 idle=1
auth_param basic realm the way out
acl known proxy_auth REQUIRED
acl mail port 25 465 587 2525
http_access allow known
http_access deny all
ssl_bump splice mail
ssl_bump bump all
cache deny all
cache_mem 0
access_log stdio:$here/access.log
cache_log /dev/null
cache_store_log none
hosts_file $here/hosts
pid_filename none
pinger_enable off
coredump_dir none
shutdown_lifetime 0 seconds
Y
  rm -rf "$BED/proxy/made"
  /usr/lib/squid/security_file_certgen -c -s "$BED/proxy/made" -M 4MB >/dev/null
  chown -R proxy:proxy "$BED/proxy"
  # What it shares between processes stands in /dev/shm under one name for all squids of a machine.
  start_in corp proxy unshare -m --propagation private sh -euc "mount -t tmpfs tmpfs /dev/shm; mkdir $here; mount --bind '$BED/proxy' $here; exec squid -N -f $here/squid.conf -n airlock"
}
