// The next image can not go on, at each step of its arrival: nobody restarts anything, and the old release serves.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Outcome } from '@luofleet/proto';
import { images, releaseOf } from './testing/agent-process';
import { outcomesOf, PassageHarness } from './testing/passage.harness';

jest.setTimeout(120_000);

const { OUTCOME_SUCCEEDED: OK, OUTCOME_ROLLED_BACK: BACK, OUTCOME_VOIDED: VOID } = Outcome;

/** Runs in the next image before everything else, and in no other. */
const onArrival = (code: string) => (image: string) =>
  `if (process.env.LUOFLEET_HANDOVER_FD) {
    const fs = require('node:fs');
    const fails = (name, matches, code) => {
      const real = fs[name];
      fs[name] = (subject, ...rest) => {
        if (matches(String(subject))) throw Object.assign(new Error(code + ': as the test says'), { code });
        return real(subject, ...rest);
      };
    };
    ${code}
  }\n${image}`;

/** Settings that no variable could hold on the way back. */
const muchEnvironment = Object.fromEntries(
  Array.from({ length: 6 }, (_, index) => [`MUCH_${index}`, 'x'.repeat(32_000)]),
);

/** What is wrong, the image it is wrong with, and what the operator reads. */
const failures: Array<[string, (image: string) => string, RegExp]> = [
  [
    'the journal can not be read',
    onArrival("fails('readFileSync', (file) => file.endsWith('journal.log'), 'EIO');"),
    /journal\.log: it can not be read: EIO/,
  ],
  [
    'the handover can not be read',
    onArrival("process.env.LUOFLEET_HANDOVER_FD = '999';"),
    /handover memory can not be used/,
  ],
  [
    'the configuration has to be read and is broken',
    // As if the settings that came along had another layout.
    onArrival(`const parse = JSON.parse;
      JSON.parse = (...args) => {
        const value = parse(...args);
        if (value.settings?.version !== undefined) {
          const versions = [99];
          const { version } = value.settings;
          const get = () => versions.pop() ?? version;
          Object.defineProperty(value.settings, 'version', { get, enumerable: true });
        }
        return value;
      };`),
    /agent\.json/,
  ],
  [
    'the backend does not open',
    onArrival("fails('readFileSync', (file) => file.endsWith('boot_id'), 'EIO');"),
    /EIO: as the test says/,
  ],
  [
    'the socket can not be bound',
    onArrival(
      "require('node:net').Server.prototype.listen = () => { throw new Error('EADDRINUSE: as the test says'); };",
    ),
    /EADDRINUSE/,
  ],
  [
    'it waits for what never comes',
    onArrival("require('node:net').Server.prototype.listen = () => {};"),
    /waits for something that never comes/,
  ],
];

describe('a next image that can not go on', () => {
  it.each(failures)('because %s gives way to the old one', async (what, broken, words) => {
    const harness = await PassageHarness.start({ kvEnv: muchEnvironment });
    try {
      const image = path.join(harness.agent.directory, 'broken.cjs');
      const text = readFileSync(images.next, 'utf8');
      expect(broken(text)).not.toBe(text);
      writeFileSync(image, broken(text));
      const before = harness.agent.workloadProcesses().map(({ process: { pid } }) => pid);
      if (what.includes('configuration')) writeFileSync(harness.agent.configFile, '{ broken');
      const commands = harness.commands({ release: releaseOf(image, '1.1.0') });
      harness.send(...commands);
      const results = await harness.results(commands);
      expect(outcomesOf(results)).toEqual([OK, OK, OK, BACK, VOID, VOID, VOID]);
      expect(results[3]).toMatchObject({
        runningVersion: '1.0.0',
        reason: { code: 'IMAGE_CRASHED' },
      });
      expect(results[3]?.reason?.detail).toMatch(words);
      await harness.expectNothingLost();
      harness.expectEachActedOnce();
      expect(harness.agent.workloadProcesses().map(({ process: { pid } }) => pid)).toEqual(before);
    } finally {
      await harness.stop();
    }
  });

  const neverListens = "require('node:net').Server.prototype.listen = () => {};";
  it.each([
    ['at its first instruction', 'for (;;);', [BACK, VOID], 'IMAGE_CRASHED'],
    [
      'while it waits for its socket',
      `${neverListens} setInterval(() => {}, 1000);`,
      [BACK, VOID],
      'IMAGE_CRASHED',
    ],
    [
      'while it starts the new instances',
      `require('node:diagnostics_channel').subscribe('child_process', () => { for (;;); });`,
      [OK, BACK],
      'AGENT_RESTARTED',
    ],
  ])('but hangs %s ends in time, and what is started then serves', async (...row) => {
    const [, code, ends, reason] = row;
    const harness = await PassageHarness.start({ settings: { startTimeoutMs: 5_000 } });
    try {
      const image = path.join(harness.agent.directory, 'hangs.cjs');
      writeFileSync(image, onArrival(code)(readFileSync(images.next, 'utf8')));
      const before = harness.agent.workloadProcesses().map(({ process: { pid } }) => pid);
      const commands = harness.commands({ release: releaseOf(image, '1.1.0') });
      harness.send(...commands);
      expect(await harness.agent.untilExit()).toBeNull();
      expect(harness.agent.endedBy).toBe('SIGALRM');
      harness.agent.start();
      const results = await harness.results(commands);
      expect(outcomesOf(results)).toEqual([OK, OK, OK, ...ends, VOID, VOID]);
      const back = results.find(({ outcome }) => outcome === BACK);
      expect(back).toMatchObject({ runningVersion: '1.0.0', reason: { code: reason } });
      await harness.expectNothingLost();
      harness.expectEachActedOnce();
      expect(harness.agent.workloadProcesses().map(({ process: { pid } }) => pid)).toEqual(before);
    } finally {
      await harness.stop();
    }
  });

  it('goes on where only its disk is full, and says how it went once there is space', async () => {
    const harness = await PassageHarness.start();
    const { directory } = harness.agent;
    const full = path.join(directory, 'full');
    try {
      writeFileSync(full, '');
      const image = path.join(directory, 'full-disk.cjs');
      const code = `const isFull = () => fs.existsSync(${JSON.stringify(full)});
        fails('fdatasyncSync', isFull, 'ENOSPC');
        fails('openSync', (file) => file.endsWith('.next') && isFull(), 'ENOSPC');
        fails('writeFileSync', isFull, 'ENOSPC');`;
      writeFileSync(image, onArrival(code)(readFileSync(images.next, 'utf8')));
      const commands = harness.commands({ release: releaseOf(image, '1.1.0') });
      harness.send(...commands);
      await harness.plane.until('the new image serves and tells of its disk', () => {
        const { workloads = [] } = harness.plane.heartbeats.at(-1) ?? {};
        return workloads.some(
          ({ state, detail }) => state === 'serving' && detail.includes('DISK_FULL'),
        );
      });
      await harness.untilServing();
      expect(harness.plane.hellos.at(-1)?.runningVersion).toBe('1.1.0');
      expect(harness.plane.result(commands[4]!.idempotencyKey)).toBeUndefined();
      rmSync(full);
      expect(outcomesOf(await harness.results(commands))).toEqual(Array(7).fill(OK));
      await harness.expectNothingLost();
      harness.expectEachActedOnce();
    } finally {
      await harness.stop();
    }
  });
});
