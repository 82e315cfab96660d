# Keys and certificates of the bed's own servers. Each is made once and kept.

EC="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"

# What is there is whole: a file that a killed start was writing bears another name, and is written anew.

# `FILE SUBJECT`: an authority FILE.crt, FILE.key
authority() {
  [ ! -f "$1.crt" ] || return 0
  openssl req -x509 $EC -keyout "$1.key" -out "$1.crt.new" -days 3650 -subj "$2" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
  mv "$1.crt.new" "$1.crt"
}

# `FILE`: 32 random bytes in base64, made once
random_key() {
  [ ! -f "$1" ] || return 0
  (umask 077; head -c 32 /dev/urandom | base64 >"$1.new")
  mv "$1.new" "$1"
}

# `AUTHORITY FILE SUBJECT EXTENSION…`: a certificate FILE.crt, FILE.key
certificate() {
  local authority=$1 file=$2 subject=$3 days=${days:-1825}; shift 3
  [ ! -f "$file.crt" ] || return 0
  openssl req $EC -keyout "$file.key" -out "$file.csr" -subj "$subject" 2>/dev/null
  openssl x509 -req -in "$file.csr" -CA "$authority.crt" -CAkey "$authority.key" -CAserial "$file.serial" -CAcreateserial -days "$days" -out "$file.crt.new" -extfile <(printf '%s\n' "$@") 2>/dev/null
  rm "$file.csr" "$file.serial"
  mv "$file.crt.new" "$file.crt"
}

corp_certificates() {
  authority "$BED/corp/ca" /CN=airlock-test-corp
  certificate "$BED/corp/ca" "$BED/corp/registries" /CN=public-registries "subjectAltName=$(printf 'DNS:%s,' $PUBLIC_REGISTRIES)DNS:registry-1.docker.io" extendedKeyUsage=serverAuth
  certificate "$BED/corp/ca" "$BED/corp/acme" /CN=acme.corp.test subjectAltName=DNS:acme.corp.test,DNS:acme.outside.test,IP:"$CORP" extendedKeyUsage=serverAuth
}

cluster_certificates() {
  mkdir -p "$PKI"
  local n name
  authority "$PKI/ca" /CN=airlock-test-cluster
  certificate "$PKI/ca" "$PKI/apiserver" /CN=kube-apiserver "subjectAltName=DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:127.0.0.1,IP:${CLUSTER_DNS%.*}.1,IP:$API" extendedKeyUsage=serverAuth
  # Each program has a name of its own, so that the audit log says who did what. The administrator is nobody else.
  client_certificate admin /O=system:masters/CN=admin
  client_certificate apiserver-to-kubelet /O=system:masters/CN=kube-apiserver
  client_certificate controller-manager /CN=system:kube-controller-manager
  client_certificate scheduler /CN=system:kube-scheduler
  client_certificate proxy /CN=system:kube-proxy
  client_certificate netpol /O=system:masters/CN=bed:netpol
  client_certificate bed /O=system:masters/CN=bed:bed
  for n in 1 2; do
    client_certificate "node$n" "/O=system:nodes/CN=system:node:node$n"
    certificate "$PKI/ca" "$PKI/kubelet$n" "/CN=node$n" "subjectAltName=DNS:node$n,IP:$(node_address "$n")" extendedKeyUsage=serverAuth
  done
  [ -f "$PKI/sa.pub" ] || {
    openssl genrsa -out "$PKI/sa.key" 2048 2>/dev/null
    openssl rsa -in "$PKI/sa.key" -pubout -out "$PKI/sa.pub.new" 2>/dev/null
    mv "$PKI/sa.pub.new" "$PKI/sa.pub"
  }
  random_key "$PKI/encryption.key"
  # The one that people and tests use has a place of its own.
  kubeconfig admin "https://$API:6443" >"$BED/admin.kubeconfig"
  chmod 600 "$BED/admin.kubeconfig"
}

# `NAME [GROUP…]`: a person with a certificate by the cluster's authority, valid for a day, or, with EXPIRED=1, until yesterday.
# It prints the kubeconfig. What the person may do is for RBAC to say.
user() {
  local name=${1:?whose} file=$BED/users/$1 subject='' group days=1; shift
  for group in "$@"; do subject+=/O=$group; done
  [ -z "${EXPIRED:-}" ] || days=-1
  mkdir -p "$BED/users"
  rm -f "$file".*
  certificate "$PKI/ca" "$file" "$subject/CN=$name" extendedKeyUsage=clientAuth
  (umask 077; kubeconfig "$name" "https://$API:6443" "$file" >"$file.kubeconfig")
  rm -f "$file.key" "$file.crt"
  echo "$file.kubeconfig"
}

# `NAME SUBJECT`: a client's certificate and its kubeconfig
client_certificate() {
  certificate "$PKI/ca" "$PKI/$1" "$2" extendedKeyUsage=clientAuth
  kubeconfig "$1" "https://$API:6443" >"$PKI/$1.kubeconfig"
  chmod 600 "$PKI/$1.kubeconfig"
}

# `NAME SERVER [FILE]`: a kubeconfig on stdout, with the certificate FILE.crt, FILE.key
kubeconfig() {
  local file=${3:-$PKI/$1}
  cat <<Y
apiVersion: v1
kind: Config
current-context: bed
contexts:
- {name: bed, context: {cluster: bed, user: $1}}
clusters:
- {name: bed, cluster: {server: "$2", certificate-authority-data: $(base64 -w0 "$PKI/ca.crt")}}
users:
- {name: $1, user: {client-certificate-data: $(base64 -w0 "$file.crt"), client-key-data: $(base64 -w0 "$file.key")}}
Y
}
