import type { Command } from 'commander';
import { hostSchema, rolloutSchema } from '@luofleet/contracts';
import { pathPart } from '../api/path-part';
import { CliError, EXIT } from '../cli.error';
import { formatCounts } from '../output/words';
import type { CommandContext } from './command.context';

type InContext = (run: (context: CommandContext) => Promise<void>) => Promise<void>;

/** Adds what takes hosts out of the fleet, and back in. */
export function addLifecycle(program: Command, inContext: InContext): void {
  program
    .command('decommission')
    .description('take a host out of the fleet')
    .command('host')
    .description('its updates that have not ended end; its agent is turned away')
    .argument('<name>', 'name or id')
    .option('--yes', 'do it; without it, only what would happen is shown', false)
    .option('--reason <text>', 'why; goes into the events')
    .action((name: string, options: DecommissionOptions) =>
      inContext((context) => decommission(context, name, options)),
    );
  program
    .command('recommission')
    .description('take a decommissioned host into the fleet again')
    .command('host')
    .argument('<name>', 'name or id')
    .action((name: string) => inContext((context) => recommission(context, name)));
}

/** Adds what leaves hosts out of a rollout, and takes them back. */
export function addSkips(program: Command, inContext: InContext): void {
  program
    .command('skip')
    .description('leave hosts out of a rollout that have not started')
    .argument('<rollout>', 'name or id')
    .argument('[hosts...]', 'names or ids')
    .option('--offline', 'all that have not started and are not connected', false)
    .option('--reason <text>', 'why; goes into the events')
    .action((rollout: string, hosts: string[], options: { offline: boolean; reason?: string }) =>
      inContext((context) => ask(context, rollout, 'skip', { hosts, ...options })),
    );
  program
    .command('unskip')
    .description('take hosts up again that were skipped')
    .argument('<rollout>', 'name or id')
    .argument('<hosts...>', 'names or ids')
    .action((rollout: string, hosts: string[]) =>
      inContext((context) => ask(context, rollout, 'unskip', { hosts })),
    );
}

async function ask(
  { client, printer }: CommandContext,
  name: string,
  verb: 'skip' | 'unskip',
  body: { readonly hosts: readonly string[]; readonly offline?: boolean },
): Promise<void> {
  if (body.hosts.length === 0 && body.offline !== true)
    throw new CliError(EXIT.usage, 'which hosts? Name them, or say --offline');
  const path = `/rollouts/${pathPart(name)}/${verb}`;
  const rollout = await client.request(path, rolloutSchema, { method: 'POST', body });
  printer.object(rollout, () => [
    `rollout ${rollout.name} is ${rollout.state}: ${formatCounts(rollout.hosts.byState)}`,
  ]);
}

interface DecommissionOptions {
  readonly yes: boolean;
  readonly reason?: string;
}

const pathOf = (name: string): string => `/hosts/${pathPart(name)}`;

async function decommission(
  { client, printer }: CommandContext,
  name: string,
  { yes, reason }: DecommissionOptions,
): Promise<void> {
  if (!yes) {
    const host = await client.request(pathOf(name), hostSchema);
    if (host.state !== 'decommissioned')
      throw new CliError(
        EXIT.usage,
        `host ${host.name} is ${host.state} and runs ${host.runningVersion}; decommissioning it ` +
          'ends its updates and turns its agent away; add --yes to do it',
      );
  }
  const host = await client.request(`${pathOf(name)}/decommission`, hostSchema, {
    method: 'POST',
    ...(reason !== undefined && { body: { reason } }),
  });
  printer.object(host, () => [
    `host ${host.name} is ${host.state}; undo: luofleet recommission host ${host.id}`,
  ]);
}

async function recommission({ client, printer }: CommandContext, name: string): Promise<void> {
  const host = await client.request(`${pathOf(name)}/recommission`, hostSchema, {
    method: 'POST',
  });
  printer.object(host, () => [`host ${host.name} is in the fleet, ${host.state}`]);
}
