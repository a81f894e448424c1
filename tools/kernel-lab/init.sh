#!/bin/busybox sh
# Process 1 of a lab machine: mounts what programs expect, runs /app/start, and switches the machine off when that ends.
# /app is the host's directory for this run (read-only), /out a directory of this machine (written through at once).
# Its first line is what measurements take for the moment the kernel has started init.
echo "LAB init"
export PATH=/bin HOME=/tmp
mount -t proc proc /proc
mount -t sysfs sysfs /sys
[ -c /dev/console ] || mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t 9p -o trans=virtio,version=9p2000.L,cache=loose,msize=262144,ro app /app
mount -t 9p -o trans=virtio,version=9p2000.L,cache=none out /out
ifconfig lo 127.0.0.1 up
cd /app
sh ./start
echo "LAB start ended with $?"
poweroff -f
