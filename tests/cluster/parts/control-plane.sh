# etcd, API server, controller manager, scheduler: on node 1, as static as can be.

control_plane_up() {
  mkdir -p "$BED/etcd" "$BED/control-plane"
  chmod 700 "$BED/etcd"
  (umask 077; cat >"$BED/control-plane/encryption.yaml") <<Y
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers: [{aescbc: {keys: [{name: k1, secret: $(cat "$PKI/encryption.key")}]}}, {identity: {}}]
Y
  cat >"$BED/control-plane/audit.yaml" <<Y
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
Y
  # Who has no credentials may ask whether the server is well, and nothing else.
  cat >"$BED/control-plane/authentication.yaml" <<Y
apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
anonymous: {enabled: true, conditions: [{path: /livez}, {path: /readyz}, {path: /healthz}]}
Y
  # Losing the last second in a power failure is fine for a bed; waiting for the disk at each write is not.
  start_in node1 etcd etcd --data-dir "$BED/etcd" --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 --listen-peer-urls http://127.0.0.1:2380 --unsafe-no-fsync --log-level warn
  start_in node1 apiserver kube-apiserver --etcd-servers=http://127.0.0.1:2379 --bind-address=0.0.0.0 --advertise-address="$API" --secure-port=6443 \
    --tls-cert-file="$PKI/apiserver.crt" --tls-private-key-file="$PKI/apiserver.key" --client-ca-file="$PKI/ca.crt" \
    --authentication-config="$BED/control-plane/authentication.yaml" --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true --profiling=false \
    --kubelet-client-certificate="$PKI/apiserver-to-kubelet.crt" --kubelet-client-key="$PKI/apiserver-to-kubelet.key" --kubelet-certificate-authority="$PKI/ca.crt" --kubelet-preferred-address-types=InternalIP \
    --service-account-key-file="$PKI/sa.pub" --service-account-signing-key-file="$PKI/sa.key" --service-account-issuer=https://kubernetes.default.svc \
    --service-cluster-ip-range=$SERVICES --encryption-provider-config="$BED/control-plane/encryption.yaml" --encryption-provider-config-automatic-reload=true \
    --audit-policy-file="$BED/control-plane/audit.yaml" --audit-log-path="$LOG/audit.log" --audit-log-maxage=30 --audit-log-maxbackup=2 --audit-log-maxsize=400
  wait_for 120 "the API server" api_is_ready
  start_in node1 controller-manager kube-controller-manager --kubeconfig="$PKI/controller-manager.kubeconfig" --service-account-private-key-file="$PKI/sa.key" --root-ca-file="$PKI/ca.crt" \
    --cluster-signing-cert-file="$PKI/ca.crt" --cluster-signing-key-file="$PKI/ca.key" --leader-elect=false --use-service-account-credentials=true --profiling=false --flex-volume-plugin-dir="$BED/control-plane/volume-plugins"
  start_in node1 scheduler kube-scheduler --kubeconfig="$PKI/scheduler.kubeconfig" --leader-elect=false --profiling=false
}

api_is_ready() { kubectl_as_bed get --raw /readyz; }

# kubectl as the bed itself; the audit log tells it from the person at the workstation.
kubectl_as_bed() { enter admin env KUBECONFIG="$PKI/bed.kubeconfig" kubectl "$@"; }
