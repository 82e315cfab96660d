# What other people in the company do for the administrator: DNS records, trust on the nodes, images in the registry.

# `set NAME TYPE VALUE` | `delete NAME [TYPE]`; a name without the base domain is below it
dns_change() {
  local what=${1:-} name=${2:-} type=${3:-} value=${4:-} add=''
  case $what in
    set) [ -n "$value" ] || { usage >&2; exit 2; } ;;
    delete) [ -n "$name" ] || { usage >&2; exit 2; } ;;
    *) usage >&2; exit 2 ;;
  esac
  name=${name%.}
  case $name in "$BASE_DOMAIN" | *".$BASE_DOMAIN") ;; @) name=$BASE_DOMAIN ;; *) name=$name.$BASE_DOMAIN ;; esac
  [ "$what" = delete ] || add="update add $name. 5 $type $value"
  # The key goes in by stdin: no list of processes shows it.
  enter admin knsupdate <<UPDATE
server $CORP 53
zone $BASE_DOMAIN.
key hmac-sha256:airlock $(cat "$BED/dns/tsig")
update delete $name. $type
$add
send
UPDATE
}

# `CA.crt HOST[:PORT] [N]`: every node, or node N alone, pulls from HOST when its certificate is by this CA
trust() {
  local ca=${1:?a file with the CA certificate} host=${2:?the registry host} n d
  [ -f "$ca" ] || give_up "no such file: $ca"
  [ -z "${3:-}" ] || grep -qw "$3" "$BED/run/nodes" || give_up "there is no node $3"
  for n in ${3:-$(cat "$BED/run/nodes")}; do
    d=$BED/node$n/certs.d/$host
    rm -rf "$d.new"
    mkdir -p "$d.new"
    cp "$ca" "$d.new/ca.crt"
    printf 'server = "https://%s"\n\n[host."https://%s"]\n  capabilities = ["pull", "resolve"]\n  ca = ["%s/ca.crt"]\n' "$host" "$host" "$d" >"$d.new/hosts.toml"
    rm -rf "$d"
    mv "$d.new" "$d"
  done
}

untrust() {
  local host=${1:?the registry host} n
  for n in $(cat "$BED/run/nodes"); do rm -rf "$BED/node$n/certs.d/$host"; done
}

# `OCI_LAYOUT[:TAG] REFERENCE`. skopeo keeps a cache in /var/lib/containers: here one that ends with it.
publish() {
  local layout=${1:?a folder with an OCI layout} reference=${2:?the public reference}
  case $(realpath -m "$layout")/ in /var/lib/*) give_up "a layout can't be under /var/lib: $layout" ;; esac
  enter admin unshare -m sh -euc 'mount -t tmpfs tmpfs /var/lib; exec "$@"' sh skopeo copy --quiet --insecure-policy --preserve-digests "oci:$layout" "docker://$reference"
}

environment() {
  cat <<LINES
export AIRLOCK_BED=$BED
export KUBECONFIG=$BED/host.kubeconfig
export PATH=$BIN:\$PATH
LINES
}
