# A node: network, mount, and host-name namespaces of its own, with containerd, kubelet, kube-proxy, and the policy enforcer in them.

# `N`
node_up() {
  local n=$1 d=$BED/node$1 other
  # What was true of processes that no longer run; a machine that starts again has lost it too.
  rm -rf "$d/containerd/state" "$d/cni-ipam" "$d/private"
  mkdir -p "$d"/{containerd,cni,kubelet,certs.d,sysctl} "$d"/private/var-lib/{cni,kubelet} "$d/private/var-log/containers" "$d/pod-logs"
  hold "node$n"
  plug_node "$n"
  enter "node$n" env BED="$BED" d="$d" n="$n" bash -euc "$private_run"'
    hostname "node$n"
    # Folders that programs have compiled in: the node has its own, and the machine needs none of them.
    mkdir -p "$d/private/var-log/pods"
    mount --bind "$d/private/var-lib" /var/lib
    mount --bind "$d/private/var-log" /var/log
    mount --bind "$d/pod-logs" /var/log/pods
    echo 1 >/proc/sys/net/ipv4/ip_forward
    echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables
    # The kubelet sets these for the whole machine; it gets copies that already hold what it wants.
    for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
      copy=$d/sysctl/${setting%%=*}
      mkdir -p "$(dirname "$copy")"
      echo "${setting#*=}" >"$copy"
      mount --bind "$copy" "/proc/sys/${setting%%=*}"
    done
    mount --make-rshared /'
  # Pod addresses are routed, never masqueraded: policies shall see the pod.
  for other in $(nodes); do [ "$other" = "$n" ] || enter "node$n" ip route add "$(node_pods "$other")" via "$(node_address "$other")"; done
  enter corp ip route replace "$(node_pods "$n")" via "$(node_address "$n")"
  enter admin ip route replace "$(node_pods "$n")" via "$(node_address "$n")"
  node_configuration "$n"
}

plug_node() { plug "node$1" "$(node_address "$1")"; }

# `N`: containerd, the network plugin, kubelet, kube-proxy
node_configuration() {
  local n=$1 d=$BED/node$1
  cat >"$d/containerd.toml" <<Y
version = 3
root = '$d/containerd/root'
state = '$d/containerd/state'
[grpc]
  address = '$d/containerd.sock'
[plugins.'io.containerd.internal.v1.opt']
  path = '$d/containerd/opt'
[plugins.'io.containerd.nri.v1.nri']
  disable = true
[plugins.'io.containerd.cri.v1.images']
  snapshotter = 'overlayfs'
  stats_collect_period = 60             # seconds; the kubelet's own figures don't come from here
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = 'registry.k8s.io/pause:3.10'
  [plugins.'io.containerd.cri.v1.images'.registry]
    config_path = '$d/certs.d'          # read at every pull
[plugins.'io.containerd.cri.v1.runtime']
  disable_apparmor = true               # a profile would be loaded into the machine's kernel and stay there
  stats_collect_period = '1m'           # each second by default, of each container, by its shim
  restrict_oom_score_adj = true         # without CAP_SYS_RESOURCE runc can't write oom_score_adj
  netns_mounts_under_state_dir = true   # else the pods' network namespaces are left under /run/netns
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ['$BIN/cni']
    conf_dir = '$d/cni'
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
    runtime_type = 'io.containerd.runc.v2'
Y
  cat >"$d/cni/10-bridge.conflist" <<J
{"cniVersion": "1.0.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": false, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$d/cni-ipam", "ranges": [[{"subnet": "$(node_pods "$n")"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
J
  mkdir -p "$d/manifests"
  cat >"$d/kubelet.yaml" <<Y
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $(node_address "$n")
containerRuntimeEndpoint: unix://$d/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /$NAME/node$n
failCgroupV1: false
enforceNodeAllocatable: [pods]
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $PKI/ca.crt}}
authorization: {mode: Webhook}
readOnlyPort: 0
clusterDomain: cluster.local
clusterDNS: [$CLUSTER_DNS]
resolvConf: $BED/corp/resolv.conf
syncFrequency: 10s
staticPodPath: $d/manifests
tlsCertFile: $PKI/kubelet$n.crt
tlsPrivateKeyFile: $PKI/kubelet$n.key
volumePluginDir: $d/kubelet/volume-plugins
failSwapOn: false
oomScoreAdj: 0
maxPods: 200
podPidsLimit: 2048
maxOpenFiles: 20000
serializeImagePulls: false
shutdownGracePeriod: 0s
evictionHard: {nodefs.available: "2%", imagefs.available: "2%", memory.available: 100Mi}
imageGCHighThresholdPercent: 100      # a disk with reserved blocks looks fuller than it is
imageGCLowThresholdPercent: 99
Y
  cat >"$d/proxy.yaml" <<Y
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
bindAddress: $(node_address "$n")
hostnameOverride: node$n
clusterCIDR: $PODS
oomScoreAdj: 0
clientConnection: {kubeconfig: $PKI/proxy.kubeconfig}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
iptables: {minSyncPeriod: 200ms}
Y
}

# `N CONFIGURATION`
start_kubelet() {
  local n=$1 d=$BED/node$1
  start_in "node$n" "kubelet$n" kubelet --config="$2" --root-dir="$d/kubelet" --kubeconfig="$PKI/node$n.kubeconfig" --hostname-override="node$n" --node-ip="$(node_address "$n")" --node-labels="pool=pool$n" --v=1
}

# `N open|closed`: its kubelet anew, for everybody who asks, also at the read-only port; or as `up` starts it. Pods go on.
restart_kubelet() {
  local n=${1:?which node} how=${2:-} d=$BED/node$1 configuration=$BED/node$1/kubelet.yaml port=10250 pid
  case $how in
    open)
      configuration=$d/kubelet-open.yaml port=10255
      sed -e 's/anonymous: {enabled: false}/anonymous: {enabled: true}/' -e 's/{mode: Webhook}/{mode: AlwaysAllow}/' -e 's/^readOnlyPort: 0$/readOnlyPort: 10255/' "$d/kubelet.yaml" >"$configuration" ;;
    closed) ;;
    *) give_up "a kubelet is open or closed" ;;
  esac
  pid=$(holder "kubelet$n")
  kill "$pid"
  wait_for 30 "the end of kubelet$n" has_ended "$pid"
  start_kubelet "$n" "$configuration"
  wait_for 60 "kubelet$n" answers "node$n" "$(node_address "$n")" "$port"
}
has_ended() { ! kill -0 "$1"; }

# `N`: start what runs on a node; needs the API server
node_servers() {
  local n=$1 d=$BED/node$1
  start_in "node$n" "containerd$n" containerd -c "$d/containerd.toml"
  wait_for 30 "containerd of node $n" enter "node$n" ctr -a "$d/containerd.sock" version
  start_kubelet "$n" "$d/kubelet.yaml"
  start_in "node$n" "proxy$n" kube-proxy --config="$d/proxy.yaml"
}

# `N`: wait for the node, then the enforcer, which ends at once if there is no Node object yet
node_ready() {
  local n=$1
  wait_for 60 "the Node object of node $n" kubectl_as_bed get node "node$n"
  [ "$POLICY" = off ] || start_in "node$n" "netpol$n" netpol --kubeconfig "$PKI/netpol.kubeconfig" --hostname-override "node$n" --service-cluster-ip-range $SERVICES
  wait_for 90 "node $n to be Ready" kubectl_as_bed wait --for=condition=Ready "node/node$n" --timeout=30s
}
