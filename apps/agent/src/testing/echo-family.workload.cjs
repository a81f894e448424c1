// The example echo server with a family: children in its process group, one in a session of its own, one that ignores
// SIGTERM, one that is stopped. A successor's children hold its listening socket, as forked workers would.
//   node echo-family.workload.cjs PATH-OF-ECHO-SERVER
'use strict';
const { spawn } = require('node:child_process');

const listener = Number(process.env.LISTEN_FDS ?? 0) > 0 ? [3] : [];
const stdio = ['ignore', 'ignore', 'ignore', ...listener];
const start = (script, detached) => spawn('/bin/sh', ['-c', script], { stdio, detached });

start('exec sleep 600', false);
start('exec sleep 601', true);
start('trap "" TERM; sleep 602; sleep 602', false);
start('kill -STOP $$; exec sleep 603', false);

require(process.argv[2]);
