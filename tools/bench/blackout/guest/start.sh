# What a machine of the blackout benchmark does in each kernel: whoever went comes back, and then the next one goes.
#
# The command line tells who went: bench.side=probe, the agent's own mark, or neither (the first boot). bench.round counts
# kernels. Sides alternate, so after the probe the agent is started (it goes when the control plane says so), and after the
# agent the probe, once the host wrote /out/next-ROUND: the agent's update is then over.
read -r line < /proc/cmdline
round=0
side=none
for word in $line; do
  case "$word" in
    bench.round=*) round="${word#*=}" ;;
    bench.side=probe) side=probe ;;
    luofleet.update=*) side=agent ;;
  esac
done

front=
if [ -f /app/arrive ]; then front=/app/arrive; fi
agent() { $front node $AGENT_FLAGS /app/agent.cjs run --config /app/agent.json & }

echo "BENCH start $side"
case "$side" in
  probe) /app/probe arrive ;;
  agent) agent ;;
esac
[ "$side" != agent ] && agent
mount -t debugfs debugfs /sys/kernel/debug

if [ "$side" = none ] || [ "$side" = probe ]; then
  wait
else
  while [ ! -e "/out/next-$round" ]; do sleep 1; done
  kill -TERM $!
  wait
  /app/probe depart /app/kernel "$(cat "/app/probe-line") bench.round=$((round + 1))"
fi
