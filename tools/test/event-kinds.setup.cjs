// With event-kinds.teardown.cjs: every kind of event is recorded by some integration test. Judged when all of them run;
// the testkit writes the kinds that it finds in each database before it drops it.
const { mkdtempSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');

module.exports = ({ testPathPatterns, testNamePattern }) => {
  if (testPathPatterns.patterns.length > 0 || testNamePattern) return;
  const directory = mkdtempSync(path.join(tmpdir(), 'luofleet-event-kinds-'));
  process.env.EVENT_KINDS_FILE = path.join(directory, 'kinds');
};
