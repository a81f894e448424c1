// A cold start that fails half-way finds workloads that a freeze has quiesced.
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Outcome } from '@luofleet/proto';
import { images } from './testing/agent-process';
import { outcomesOf, PassageHarness } from './testing/passage.harness';

jest.setTimeout(120_000);

/** Runs in the agent before everything else, as long as the file is there, and in no workload. */
const whileThere = (flag: string, code: string) => `
  const fs = require('node:fs');
  if (process.argv[1]?.endsWith('.cjs') && process.argv[2] === 'run' && fs.existsSync(${JSON.stringify(flag)})) {
    ${code}
  }`;

const bootIdFails = `const real = fs.readFileSync;
  fs.readFileSync = (file, ...rest) => {
    if (String(file).endsWith('boot_id')) throw new Error('EIO: as the test says');
    return real(file, ...rest);
  };`;
const listenFails = `require('node:net').Server.prototype.listen = () => {
    throw new Error('EACCES: as the test says');
  };`;

describe('a start that fails', () => {
  let harness: PassageHarness;
  let flag: string;

  beforeEach(async () => {
    harness = await PassageHarness.start();
    flag = path.join(harness.agent.directory, 'fails');
    const commands = harness.commands().slice(0, 3);
    harness.send(...commands);
    const frozen = outcomesOf(await harness.results(commands));
    expect(frozen).toEqual(Array(3).fill(Outcome.OUTCOME_SUCCEEDED));
    await harness.agent.kill();
  });
  afterEach(() => harness.stop());

  const startWith = (code: string) => {
    const preload = path.join(harness.agent.directory, 'preload.cjs');
    writeFileSync(flag, '');
    writeFileSync(preload, whileThere(flag, code));
    harness.agent.start(images.current, [], { NODE_OPTIONS: `--require ${preload}` });
    return harness.agent.untilExit();
  };
  const nextStartWorks = async () => {
    rmSync(flag);
    harness.agent.start();
    await harness.expectNothingLost();
  };

  it('lets the workloads serve that a freeze has quiesced, and ends with its reason', async () => {
    const before = harness.agent.workloadProcesses();
    expect(await startWith(bootIdFails)).toBe(1);
    expect(harness.agent.log).toContain('agent: EIO: as the test says');
    expect(harness.agent.workloadProcesses()).toEqual(before);
    // Quiesced it takes no write.
    await harness.agent.kv('PUT', 'd', 'without an agent');
    expect(await harness.agent.kv('GET', 'd')).toBe('without an agent');
    harness.hash = await harness.agent.kv('GET', 'hash');
    await nextStartWorks();
  });

  it('says who lives on where it can not speak to them', async () => {
    expect(await startWith(listenFails)).toBe(1);
    for (const { workload, process: one } of harness.agent.workloadProcesses())
      expect(harness.agent.log).toMatch(new RegExp(`"${workload} ${one.pid}".*live on; `));
    await nextStartWorks();
  });
});
