# Where everything is, what it is called, and how the bed shall be.

BED=$(realpath -m "${AIRLOCK_BED:-${XDG_CACHE_HOME:-$HOME/.cache}/airlock-bed}")
BIN=$BED/bin
PKI=$BED/pki
LOG=$BED/log
# Two beds on one machine differ in their folder; what has no folder (a cgroup) bears its hash.
NAME=airlock-$(printf %s "$BED" | sha256sum | cut -c1-8)

[ -n "${BED_NET:-}" ] || { [ ! -f "$BED/net" ] || BED_NET=$(<"$BED/net"); }
BED_NET=${BED_NET:-10.88}
LAN=$BED_NET.60             # corp's bridge: corp .254, admin .2, nodes .11 and .12, load balancers .100 to .199
CORP=$LAN.254
WORKSTATION=$LAN.2
API=$LAN.11
SERVICES=10.96.0.0/16
CLUSTER_DNS=10.96.0.10
PODS=$BED_NET.64.0/22       # node 1 has .64.0/24, node 2 .65.0/24
BASE_DOMAIN=platform.test
PUBLIC_REGISTRIES="docker.io quay.io ghcr.io registry.k8s.io"

# What is not said stays as it is in a bed that runs, and is the first of each elsewhere.
OPTIONS="NODES POLICY LB DNS"
[ ! -f "$BED/run/up" ] || for pair in $(<"$BED/run/up"); do option=${pair%%=*}; [ -n "${!option+set}" ] || declare "$pair"; done
NODES=${NODES:-1} POLICY=${POLICY:-on} LB=${LB:-on} DNS=${DNS:-}

# A shell that became root by `su` lacks the folders of the system's servers.
export PATH=$BIN:$PATH:/usr/sbin:/sbin
# Else kubectl would leave its cache in the caller's home.
export KUBECACHEDIR=$BED/kubectl-cache

node_address() { echo "$LAN.1$1"; }
node_pods() { echo "$BED_NET.$((63 + $1)).0/24"; }
nodes() { seq "$NODES"; }

say() { echo "$*" >&2; }
give_up() { say "bed: $*"; exit 1; }

# The options as one line, to remember and to compare.
options() { local o; for o in $OPTIONS; do printf '%s=%s ' "$o" "${!o}"; done; echo; }

restore_options() {
  local pair
  for pair in $(cat "$BED/options" 2>/dev/null); do declare -g "${pair%%=*}=${pair#*=}"; done
}

check_options() {
  [[ $NODES =~ ^[12]$ ]] || give_up "NODES is 1 or 2, not $NODES"
  [[ $POLICY =~ ^(on|off)$ ]] || give_up "POLICY is on or off, not $POLICY"
  [[ $LB =~ ^(on|off)$ ]] || give_up "LB is on or off, not $LB"
  [[ $DNS =~ ^(split)?$ ]] || give_up "DNS is split or nothing, not $DNS"
  [[ $BED_NET =~ ^[0-9]+\.[0-9]+$ ]] || give_up "BED_NET is the first two numbers of a network, such as 10.88, not $BED_NET"
  [ "$BED_NET" = "$(cat "$BED/net" 2>/dev/null || echo "$BED_NET")" ] || give_up "the bed in $BED has the network $(cat "$BED/net"), not $BED_NET; remove it with: bed clean"
  [[ $BED =~ ^[A-Za-z0-9/._-]+$ ]] || give_up "AIRLOCK_BED may hold letters, digits, and . _ - / only: $BED"
  # A node has private copies of these folders, which would hide the bed's own.
  case $BED/ in /var/lib/* | /var/log/* | /run/* | /var/run/*) give_up "AIRLOCK_BED can't be under /var/lib, /var/log, or /run: $BED" ;; esac
}

check_root() { [[ $OSTYPE = linux* && $EUID = 0 ]] || give_up "the bed needs Linux and root: it makes network namespaces, mounts, and cgroups"; }

# Machine and system packages. Everything else is built.
check_machine() {
  check_root
  local missing disk=$BED
  command -v go >/dev/null || give_up "Go is missing: the bed is built with $(sed -n 's/^go //p' "$HERE/programs/go.mod") or newer"
  missing=$(missing_packages | tr '\n' ' ')
  [ -z "$missing" ] || give_up "missing programs; install them with: $HERE/bed packages (these Debian packages: $missing)"
  # Where it is a module, a packet that crosses a bridge is seen by no rule until it is loaded.
  [ -e /proc/sys/net/bridge ] || modprobe br_netfilter 2>/dev/null || give_up "the kernel can't filter on bridges: the module br_netfilter is missing"
  until [ -d "$disk" ]; do disk=$(dirname "$disk"); done
  [ "$(stat -f -c %T "$disk")" != overlayfs ] || give_up "AIRLOCK_BED is on overlayfs, which can't bear the nodes' images; give it a folder on a disk: $BED"
}

# One bed changes once at a time. What is started doesn't inherit the lock: see `start`.
exclusively() {
  # A build of images, called by `up`, may call `build`.
  [ "${BED_LOCKED:-}" != "$BED" ] || return 0
  export BED_LOCKED=$BED
  mkdir -p "$BED"
  exec 9>"$BED/lock"
  flock -n 9 || { say "bed: waiting for another bed command on $BED"; flock 9; }
}
