# What every cluster holds before anyone installs anything: cluster DNS, storage classes, and the bed's own controllers.

cluster_objects() {
  local split=''
  # A split horizon: the pods' resolver does not know the company's names.
  [ "$DNS" != split ] || split="template ANY ANY $BASE_DOMAIN {
            rcode NXDOMAIN
            authority \"$BASE_DOMAIN. 5 IN SOA ns.$BASE_DOMAIN. hostmaster.$BASE_DOMAIN. 1 60 60 600 5\"
        }"
  publish_first_images
  SPLIT=$split awk '{ gsub("@CORP@", ENVIRON["CORP"]); gsub("@DNS@", ENVIRON["CLUSTER_DNS"]); gsub("@SPLIT@", ENVIRON["SPLIT"]); print }' "$HERE"/objects/*.yaml |
    kubectl_as_bed apply --server-side --field-manager=bed --force-conflicts -f - >"$LOG/objects.log"
  # A name that was asked before is forgotten only with the process.
  [ ! -f "$BED/dns/served" ] || [ "$(cat "$BED/dns/served")" = "split=$DNS" ] || kubectl_as_bed -n kube-system rollout restart deployment/coredns >>"$LOG/objects.log"
  echo "split=$DNS" >"$BED/dns/served"
}
export CORP CLUSTER_DNS

bed_controllers() {
  local balancer=()
  mkdir -p "$BED/volumes"
  : >"$BED/load-balancers"
  [ "$LB" = off ] || balancer=(-network "$LAN" -record "$BED/load-balancers")
  start_in node1 controllers "$BIN/bedcontrollers" -kubeconfig "$PKI/bed.kubeconfig" -volumes "$BED/volumes" "${balancer[@]}"
}

# Without the first two no pod starts and no name is found; the third is what tests run in pods.
publish_first_images() {
  local image
  for image in pause coredns client; do
    "$HERE/images/build" "$image" >>"$LOG/images.log"
    "$HERE/images/publish" "$image" >>"$LOG/images.log"
  done
}
