// Runs the table inside a lab machine, over as many kernels as it needs: /app/bzImage is staged between two boots.
// Writes /out/outcomes-BOOT.json before each reboot; the last line on the console says how it went.
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { rebootIntoStagedKernel, stageKernel } from '../kexec';
import { KernelSystem } from './kernel-system';
import { ScenarioRun } from './scenario-run';
import { bootsNeeded, conformanceTable } from './table';
import type { Outcome } from './operation';

const NEXT_KERNEL = '/app/bzImage';
const commandLine = readFileSync('/proc/cmdline', 'utf8').trim();
const boot = Number(/conformance\.boot=(\d+)/.exec(commandLine)?.[1] ?? 0);

async function runBoot(): Promise<void> {
  const system = new KernelSystem();
  const outcomes: Record<string, Outcome[]> = {};
  for (const scenario of conformanceTable.filter(({ boots }) => boots.length > boot)) {
    outcomes[scenario.id] = await new ScenarioRun(scenario, system).boot(boot);
  }
  const file = openSync(`/out/outcomes-${boot}.json`, 'w');
  writeSync(file, JSON.stringify(outcomes));
  fsyncSync(file);
  closeSync(file);
}

function goOn(): void {
  const rest = commandLine.replace(/ ?conformance\.boot=\d+/, '');
  stageKernel({
    kernelPath: NEXT_KERNEL,
    commandLine: `${rest} conformance.boot=${boot + 1}`,
  });
  rebootIntoStagedKernel();
}

runBoot().then(
  () => (boot + 1 < bootsNeeded ? goOn() : console.log('CONFORMANCE done')),
  (error: unknown) => {
    console.log('CONFORMANCE broken', error);
    process.exitCode = 1;
  },
);
