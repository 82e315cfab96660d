# Up, down, clean.

up() {
  mkdir -p "$BED" "$LOG" "$BED/run"
  echo "$BED_NET" >"$BED/net"
  check_machine
  compare_packages
  build
  if is_up; then say "the bed is up: $(options)"; return; fi
  if [ -n "$(processes)" ]; then
    if [ -f "$BED/run/up" ] && [ "$(cat "$BED/run/up")" != "$(options)" ]; then say "the bed runs as $(cat "$BED/run/up"); starting it again as $(options)"
    else say "a start or a server has ended early; stopping what is left"; fi
  fi
  down
  rotate_logs
  local began=$SECONDS n
  make_cgroups
  options >"$BED/options"
  nodes >"$BED/run/nodes"
  corp_up
  say "corp      ready after $((SECONDS - began)) s"
  cluster_certificates
  for n in $(nodes); do node_up "$n"; done
  control_plane_up
  say "servers   ready after $((SECONDS - began)) s"
  for n in $(nodes); do node_servers "$n"; done
  cluster_objects
  bed_controllers
  for n in $(nodes); do node_ready "$n"; done
  # A node that this cluster had before, and has no longer.
  [ "$NODES" = 2 ] || kubectl_as_bed delete node node2 --ignore-not-found --wait=false >/dev/null
  say "nodes     ready after $((SECONDS - began)) s"
  wait_for 60 "cluster DNS" kubectl_as_bed -n kube-system rollout status deployment/coredns --timeout=30s
  relay_up
  say "bed       ready after $((SECONDS - began)) s: $(options)"
  options >"$BED/run/up"
}

# Is it up as it shall be? All that was started still runs.
is_up() {
  [ "$(cat "$BED/run/up" 2>/dev/null)" = "$(options)" ] || return 1
  local file
  for file in "$BED"/run/*.pid; do grep -qx "$(cat "$file")" "$CGROUP/servers/cgroup.procs" 2>/dev/null || return 1; done
}

# First who would start things again, then all others politely, then all that is left. Namespaces, cables, mounts, and rules
# end with the last process in them.
down() {
  local file tries=0
  rm -f "$BED/run/up"
  if [ -n "$(processes)" ]; then
    for file in "$BED"/run/{kubelet,controller-manager,scheduler,apiserver,proxy,netpol}*.pid; do
      [ ! -f "$file" ] || ! grep -qx "$(cat "$file")" "$CGROUP/servers/cgroup.procs" || kill -KILL "$(cat "$file")" 2>/dev/null || true
    done
    signal_all TERM
    while [ -n "$(processes)" ] && ((++tries < 30)); do sleep 0.1; done
    tries=0
    while [ -n "$(processes)" ]; do
      signal_all KILL
      ((++tries < 100)) || give_up "processes that can't be ended: $(processes | tr '\n' ' ')"
      sleep 0.1
    done
  fi
  rm -f "$BED"/run/*.pid "$BED"/run/*.port
  remove_cgroups
}

signal_all() { local pids; pids=$(processes); [ -z "$pids" ] || kill "-$1" $pids 2>/dev/null || true; }

# Each start has its own logs; those of the start before are kept beside them.
rotate_logs() {
  rm -rf "$LOG/before"
  mkdir -p "$LOG/before"
  find "$LOG" -maxdepth 1 -name '*.log' ! -name 'build-*' ! -name 'audit*' -exec mv -t "$LOG/before" {} +
}

# Beds below this one go first: nothing of theirs may run when their folder goes.
clean() {
  local below
  for below in "$BED"/beds/*/; do [ ! -d "$below" ] || AIRLOCK_BED=${below%/} BED_NET='' "$HERE/bed" clean; done
  down
  find "$BED" -mindepth 1 -maxdepth 1 ! -name bin ! -name images ! -name tools ! -name readers ! -name bench-peers ! -name lock -exec rm -rf {} +
}

# What runs, with the memory of each: its own pages and its share of those that several map.
status() {
  local file pid kib
  if [ -f "$BED/run/up" ]; then echo "up: $(cat "$BED/run/up")"; elif [ -n "$(processes)" ]; then echo "starting, stopping, or broken"; else echo "down"; fi
  for file in "$BED"/run/*.pid; do
    [ -f "$file" ] || continue
    pid=$(cat "$file")
    kib=$(proportional "$pid")
    printf '%-22s %7s  %s\n' "$(basename "$file" .pid)" "$pid" "$([ -n "$kib" ] && echo "$((kib / 1024)) MiB" || echo ended)"
  done
  echo "all, with pods: $((($(for pid in $(processes); do proportional "$pid"; done | paste -sd+ | sed 's/^$/0/')) / 1024)) MiB"
}
proportional() { awk '/^Pss:/ { print $2 }' "/proc/$1/smaps_rollup" 2>/dev/null || true; }
