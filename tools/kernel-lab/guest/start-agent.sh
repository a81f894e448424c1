# /app/start of a machine with an agent: takes orders from the console, and runs the agent as an init would, again when it
# was killed. The machine goes off when the agent ends by itself. It is careless: the agent gets a descriptor and variables of
# its own, which must reach nobody else (fleet-checks.mjs, expectOwnOnly).
exec 7</app/agent.json
mount -t debugfs debugfs /sys/kernel/debug
while read -r order; do sh -c "$order"; done </dev/ttyS0 &
if [ -f /app/prepare ]; then . /app/prepare; fi
front=
if [ -f /app/arrive ]; then front=/app/arrive; fi
status=137
while [ "$status" -eq 137 ]; do
  NOTIFY_SOCKET=/run/notify WATCHDOG_USEC=1 CREDENTIALS_DIRECTORY=/run LISTEN_FDS=1 LISTEN_PID=1 \
    $front node /app/agent.cjs run --config /app/agent.json >>/out/agent.log 2>&1 &
  echo $! >/run/agent.pid
  wait $!
  status=$?
done
