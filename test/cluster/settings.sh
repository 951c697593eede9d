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
