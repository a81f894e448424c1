# The first kernel that a live update boots has little memory for the agent: what the agent retrieves is charged to its
# cgroup. It is made unkillable, so that a charge over the limit answers ENOMEM instead.
# What processes are started with is other in each kernel here.
rm -f /out/first-look
if grep -q luofleet.update= /proc/cmdline && [ ! -e /out/was-tight ]; then
  echo >/out/was-tight
  echo +memory >/sys/fs/cgroup/cgroup.subtree_control
  mkdir /sys/fs/cgroup/tight
  echo 320M >/sys/fs/cgroup/tight/memory.max
  echo -1000 >/proc/$$/oom_score_adj
  echo $$ >/sys/fs/cgroup/tight/cgroup.procs
fi
# By itself a tmpfs takes half the memory that was free at boot, and what was handed over was not free.
mount -o remount,size=90% /tmp
