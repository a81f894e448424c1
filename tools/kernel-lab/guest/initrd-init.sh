#!/bin/busybox sh
# Process 1 of the lab's initrd.
/bin/busybox mount -t 9p -o trans=virtio,version=9p2000.L,cache=loose,msize=262144,ro root /root
echo "INITRD switches to the root file system"
exec /bin/busybox switch_root /root /init
