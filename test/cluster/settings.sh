# Read by the scripts beside it. $1 is the cluster's directory; a second cluster on one machine needs another
# TAPEDECK_CLUSTER (its network namespace and its run directory) and other addresses.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
dir=$(cd "$1" && pwd)
name=${TAPEDECK_CLUSTER:-tapedeck}
run=/run/$name-cluster
# The node, as it is reached from this machine, and this machine, as it is reached from the node.
node=${TAPEDECK_CLUSTER_NODE:-10.89.0.1} host=${TAPEDECK_CLUSTER_HOST:-10.89.0.254}
inside="nsenter --net=/run/netns/$name"
socket=$run/containerd.sock
# What was started, in that order; each has a file of its number and a log.
programs=(etcd apiserver controllers scheduler containerd kubelet proxy)
# buildah as root in a container of its own needs neither user namespaces nor a daemon.
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=${STORAGE_DRIVER:-overlay}
export PATH=$PATH:/usr/local/go/bin:/usr/sbin:/sbin

start() { # name program argument…
  local one=$1
  shift
  # Kept, for whoever starts it again.
  printf '%s\0' "$@" > "$dir/$one.command"
  # Its own session: what ends this script does not end the cluster.
  (cd "$dir" && exec setsid nohup $inside "$@" >> "log/$one.log" 2>&1 < /dev/null) &
  echo $! > "$dir/$one.pid"
}
# The program of a file, as long as it is still the one that was started: numbers are given anew.
number() {
  local pid
  pid=$(cat "$dir/$1.pid" 2> /dev/null) && [ "$(readlink "/proc/$pid/cwd" 2> /dev/null)" = "$dir" ] && echo "$pid"
}
end() { # name
  local pid
  pid=$(number "$1") || return 0
  kill "$pid" 2> /dev/null
  for _ in $(seq 40); do kill -0 "$pid" 2> /dev/null || return 0; sleep 0.25; done
  kill -9 "$pid" 2> /dev/null
}
# The roots of the machine's control groups: one, or in the first version one for each of what they control.
control_groups() {
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then echo /sys/fs/cgroup; else ls -d /sys/fs/cgroup/*/; fi
}
