#!/usr/bin/env bash
# Runs a script on this machine as it would be without ffmpeg and pnpm, as root, and leaves the machine as it is:
# everything is written to memory, over the real file system, in namespaces of its own that end with the script.
#   machine-without-ffmpeg.sh DIRECTORY SCRIPT
# DIRECTORY is the only place whose changes stay; the script starts there, and what it needs of other file systems than
# the root's has to be in it. Needs root and overlayfs.
set -euo pipefail

if [ "${1:-}" != --inside ]; then
  exec unshare --mount --propagation private --pid --fork --kill-child bash "$0" --inside "$@"
fi
directory=$2
script=$3

layers=$directory/.layers
mkdir -p "$layers"
mount -t tmpfs -o mode=755 tmpfs "$layers"
mkdir "$layers/upper" "$layers/work" "$layers/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$layers/upper,workdir=$layers/work" "$layers/root"
mount -t proc proc "$layers/root/proc"
mount --rbind /sys "$layers/root/sys"
mount --rbind /dev "$layers/root/dev"
mkdir -p "$layers/root$directory"
mount --bind "$directory" "$layers/root$directory"

# shellcheck disable=SC2016 # expanded inside
exec chroot "$layers/root" bash -c '
  set -euo pipefail
  export DEBIAN_FRONTEND=noninteractive
  apt-get remove --yes --purge --autoremove ffmpeg >/dev/null 2>&1 || true
  for name in ffmpeg ffprobe pnpm; do
    while path=$(type -P "$name"); do rm -f "$path"; hash -r; done
  done
  cd "$1"
  exec bash "$2"
' bash "$directory" "$script"
