# The programs, from Go modules pinned by programs/go.sum. One that was built from the same sources is not built again.

KUBERNETES=1.37.2
MODULE=$HERE/programs
VERSIONS="-X k8s.io/component-base/version.gitVersion=v$KUBERNETES -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=${KUBERNETES:2:2} -X k8s.io/client-go/pkg/version.gitVersion=v$KUBERNETES"
# What -s -w would strip is not made first.
BUILD_FLAGS="-trimpath -buildvcs=false -gcflags=all=-dwarf=false -ldflags=-s -w $VERSIONS"

# name, package, seconds of processor time from nothing (shown as time left; each counts what those before it have not compiled)
PROGRAMS="
client              ./cmd/client                                                20
relay               ./cmd/relay                                                 5
host-local          github.com/containernetworking/plugins/plugins/ipam/host-local  10
bridge              github.com/containernetworking/plugins/plugins/main/bridge  5
loopback            github.com/containernetworking/plugins/plugins/main/loopback 2
pebble              github.com/letsencrypt/pebble/v2/cmd/pebble                 15
registry            ./cmd/registry                                              60
containerd-shim-runc-v2 github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2 40
containerd          github.com/containerd/containerd/v2/cmd/containerd          90
ctr                 github.com/containerd/containerd/v2/cmd/ctr                 20
kube                ./cmd/kube                                                  510
bedcontrollers      ./cmd/bedcontrollers                                        5
coredns             ./cmd/coredns                                               50
netpol              ./cmd/netpol                                                15
kube-state-metrics  k8s.io/kube-state-metrics/v2                                40
metrics-server      sigs.k8s.io/metrics-server/cmd/metrics-server               40
helm                helm.sh/helm/v4/cmd/helm                                    90
dex                 github.com/dexidp/dex/cmd/dex                               150
oauth2-proxy        github.com/oauth2-proxy/oauth2-proxy/v7                     60
"
# What `up` needs; the others come with the tests that use them. The longest link, by one core, comes while Rust is compiled beside it.
FIRST="client relay host-local bridge loopback pebble registry containerd-shim-runc-v2 containerd ctr kube bedcontrollers coredns netpol"
# These need modules of their own, because their libraries are other versions than Kubernetes'; `images/monitoring` builds them.
APART="versitygw mailpit prometheus promtool alertmanager amtool postgres_exporter"
CNI="host-local bridge loopback"
KUBE_LINKS="etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl"

program() { awk -v name="$1" '$1 == name { print $2, $3 }' <<<"$PROGRAMS"; }
program_path() { case " $CNI " in *" $1 "*) echo "$BIN/cni/$1" ;; *) echo "$BIN/$1" ;; esac; }

# What a program is made of: the toolchain, the pinned modules, our own sources, the flags.
program_key() {
  { echo "$go_version"; echo "$BUILD_FLAGS"; cat "$MODULE/go.mod" "$MODULE/go.sum"; [[ $2 != ./* ]] || cat "$MODULE/${2#./}"/*.go; } | sha256sum | cut -c1-16
}

# `[NAME…|all]`
build() {
  local wanted=${*:-$FIRST} name package cost todo=() total=0 done_cost=0 began=$SECONDS at=0 left go_version
  go_version=$(go version)
  [ "$wanted" != all ] || wanted=$(awk 'NF { print $1 }' <<<"$PROGRAMS")
  mkdir -p "$BIN/cni" "$BIN/.keys" "$LOG"
  for name in $wanted; do
    case " $APART " in *" $name "*) AIRLOCK_BED=$BED "$HERE/images/monitoring" "$name"; continue ;; esac
    read -r package cost <<<"$(program "$name")"
    [ -n "$package" ] || give_up "no program is called $name; there are:" $(awk 'NF { print $1 }' <<<"$PROGRAMS") $APART
    if [ ! -x "$(program_path "$name")" ] || [ "$(cat "$BIN/.keys/$name" 2>/dev/null)" != "$(program_key "$name" "$package")" ]; then
      todo+=("$name"); total=$((total + cost))
    fi
  done
  for name in "${todo[@]}"; do
    read -r package cost <<<"$(program "$name")"
    left=$(((total - done_cost) / $(nproc)))
    ((done_cost == 0)) || left=$(((SECONDS - began) * (total - done_cost) / done_cost))
    build_program "$name" "$package" "$((++at))/${#todo[@]}" "$left"
    done_cost=$((done_cost + cost))
  done
  [ ${#todo[@]} = 0 ] || say "programs  ${#todo[@]} built in $(duration $((SECONDS - began)))"
  [ ! -x "$BIN/kube" ] || for name in $KUBE_LINKS; do ln -sfn kube "$BIN/$name"; done
}

build_program() {
  local name=$1 package=$2 place=$3 left=$4 began=$SECONDS next=$((SECONDS + 30)) path going compiled
  path=$(program_path "$name")
  : >"$LOG/build-$name.log"
  say "programs  $place  $name: building (about $(duration "$left") left for all)"
  (
    cd "$MODULE"
    # The compiler collects its garbage less often: 9 % of the processor time of a first build.
    GOGC=400 CGO_ENABLED=0 exec go build -v -trimpath -buildvcs=false -gcflags=all=-dwarf=false -ldflags "-s -w $VERSIONS" -o "$path.new" "$package"
  ) >"$LOG/build-$name.log" 2>&1 9>&- &
  going=$!
  # On a terminal one line that changes each second, elsewhere a line each half minute.
  while kill -0 $going 2>/dev/null; do
    # Go also tells what it downloads.
    compiled=$(grep -cv '^go: ' "$LOG/build-$name.log" || true)
    if [ -t 2 ]; then printf '\r          %s packages compiled, %s' "$compiled" "$(duration $((SECONDS - began)))" >&2
    elif ((SECONDS >= next)); then say "          $compiled packages compiled, $(duration $((SECONDS - began)))"; next=$((next + 30)); fi
    sleep 0.5
  done
  [ ! -t 2 ] || printf '\r\033[K' >&2
  wait $going || { tail -n 15 "$LOG/build-$name.log" >&2; give_up "$name can't be built; the whole log is $LOG/build-$name.log"; }
  # In place at once: a running program keeps the file that it was started from.
  mv "$path.new" "$path"
  program_key "$name" "$package" >"$BIN/.keys/$name"
}

duration() { if (($1 < 90)); then echo "$1 s"; else echo "$((($1 + 30) / 60)) min"; fi; }
