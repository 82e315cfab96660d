# Processes of the bed: each is in the bed's cgroup, so that none is missed at the end, also after a run that was killed.
#
# cgroup v1 has a folder in each hierarchy, v2 one folder; below it `servers` holds what the bed starts, `node1` and `node2` are the kubelets' roots.

CGROUPS=${CGROUPS:-/sys/fs/cgroup}

# Where a folder of the bed's own is needed.
cgroup_hierarchies() {
  if [ -f "$CGROUPS/cgroup.controllers" ]; then echo "$CGROUPS"; return; fi
  local h
  for h in "$CGROUPS"/*/; do h=${h%/}; [ -L "$h" ] || [ "${h##*/}" = unified ] || echo "$h"; done
}

# The one hierarchy by which processes are counted.
cgroup_of_processes() {
  local h
  for h in "$CGROUPS/pids" "$CGROUPS/freezer" "$CGROUPS/systemd"; do [ -f "$h/cgroup.procs" ] && { echo "$h/$NAME"; return; }; done
  echo "$CGROUPS/$NAME"
}
CGROUP=$(cgroup_of_processes)

# What kubelet and runtime count by, where the kernel has it.
CONTROLLERS="cpuset cpu io memory hugetlb pids"

make_cgroups() {
  local h n value parent
  for h in $(cgroup_hierarchies); do
    # v2: a child has only the controllers that its parent hands on.
    if [ -f "$h/cgroup.subtree_control" ]; then
      mkdir -p "$h/$NAME"
      for value in $CONTROLLERS; do
        grep -qw "$value" "$h/cgroup.controllers" || continue
        for parent in "$h" "$h/$NAME"; do
          echo "+$value" >"$parent/cgroup.subtree_control" || give_up "the cgroup $parent can't hand on the controller $value, which the nodes need; in a container, move its processes into a cgroup below first"
        done
      done
    fi
    mkdir -p "$h/$NAME/servers"
    # Whoever works on the bed is outside of it, each process with the weight that all of the bed would have; and waits for it.
    [ ! -f "$h/$NAME/cpu.shares" ] || echo 8192 >"$h/$NAME/cpu.shares"
    [ ! -f "$h/$NAME/cpu.weight" ] || echo 800 >"$h/$NAME/cpu.weight"
    # v1: a new cpuset is empty and takes no process.
    if [ -f "$h/cpuset.cpus" ]; then
      for value in cpus mems; do cat "$h/cpuset.$value" >"$h/$NAME/cpuset.$value"; cat "$h/cpuset.$value" >"$h/$NAME/servers/cpuset.$value"; done
    fi
    for n in $(nodes); do
      mkdir -p "$h/$NAME/node$n"
      [ ! -f "$h/cpuset.cpus" ] || for value in cpus mems; do cat "$h/cpuset.$value" >"$h/$NAME/node$n/cpuset.$value"; done
    done
  done
}

remove_cgroups() {
  # From the leaves up; a cgroup whose last process is just ending is busy for a moment.
  local tries=0
  while find "$CGROUPS" -depth -type d -path "*/$NAME*" -exec rmdir {} + 2>/dev/null; [ -n "$(find "$CGROUPS" -maxdepth 2 -type d -name "$NAME" -print -quit 2>/dev/null)" ]; do
    ((++tries < 50)) || give_up "the cgroup $NAME can't be removed: $(processes | tr '\n' ' ')"
    sleep 0.1
  done
}

# Process ids in the bed's cgroup, pods included.
processes() { [ ! -d "$CGROUP" ] || find "$CGROUP" -name cgroup.procs -exec cat {} + 2>/dev/null || true; }

# `NAME COMMAND…`: start a server in the bed's cgroup, with log and process id kept. Nothing of ours stays open in it.
start() {
  local name=$1; shift
  (
    echo "$BASHPID" >"$CGROUP/servers/cgroup.procs"
    echo "$BASHPID" >"$BED/run/$name.pid"
    exec setsid "$@"
  ) >>"$LOG/$name.log" 2>&1 </dev/null 9>&- &
}

# `NAME`: a process that holds namespaces open, and is told from a stranger with the same number by its cgroup.
hold() {
  start "$1" unshare -n -m -u --propagation private sleep infinity
  wait_for 10 "the namespaces of $1" is_held "$1"
}
# Only when unshare has become sleep are its namespaces made.
is_held() { [ "$(cat "/proc/$(cat "$BED/run/$1.pid")/comm")" = sleep ]; }

holder() {
  local pid
  [ -f "$BED/run/$1.pid" ] && pid=$(<"$BED/run/$1.pid") && grep -qx "$pid" "$CGROUP/servers/cgroup.procs" 2>/dev/null || give_up "$1 isn't there; start the bed with: $HERE/bed up"
  echo "$pid"
}

# `WHERE COMMAND…`: run a command in corp, admin, node1, or node2, in the caller's folder.
enter() {
  local where=$1 pid; shift
  pid=$(holder "$where")
  nsenter -t "$pid" -n -m -u -- env --chdir="$PWD" "$@"
}

# `WHERE COMMAND…`: the same for the last command of the script, which takes the script's place, so that a signal reaches it.
# It belongs to the bed like the servers: it would hold a namespace open that the others have left.
become() {
  local where=$1 pid; shift
  pid=$(holder "$where")
  echo $$ >"$CGROUP/servers/cgroup.procs"
  exec nsenter -t "$pid" -n -m -u -- env --chdir="$PWD" "$@"
}

# `WHERE NAME COMMAND…`: start a server there.
start_in() {
  local pid; pid=$(holder "$1"); local name=$2; shift 2
  start "$name" nsenter -t "$pid" -n -m -u -- "$@"
}

# `SECONDS WHAT COMMAND…`
wait_for() {
  local end=$((SECONDS + $1)) what=$2; shift 2
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || give_up "gave up waiting for $what; logs are in $LOG"
    sleep 0.1
  done
}

# `WHERE ADDRESS PORT`: does something listen there?
answers() { enter "$1" timeout 2 bash -c "</dev/tcp/$2/$3"; }

# A private /run, and this company's resolver and trust instead of the machine's.
private_run='
  mount -t tmpfs -o mode=755 tmpfs /run
  resolv=$(readlink -m /etc/resolv.conf)
  [ -e "$resolv" ] || { mkdir -p "$(dirname "$resolv")"; : >"$resolv"; }
  mount --bind "$BED/corp/resolv.conf" "$resolv"
  mount --bind "$BED/corp/trust.crt" "$(readlink -f /etc/ssl/certs/ca-certificates.crt)"'
