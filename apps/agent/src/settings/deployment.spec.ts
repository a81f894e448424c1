import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { parseSettings } from './parse-settings';

const workspace = path.resolve(__dirname, '../../../..');
const read = (file: string): string => readFileSync(path.join(workspace, file), 'utf8');

interface Service {
  command?: string[];
  volumes?: string[];
  ports?: string[];
}
const { services } = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>;
};

describe('the agent host of docker-compose.yml', () => {
  const settings = parseSettings(read('docker/agent.yaml'), 'docker/agent.yaml');

  it('starts the agent with the configuration it mounts', () => {
    const file = services.agent?.command?.at(-1);
    expect(services.agent?.volumes).toContain(`./docker/agent.yaml:${file}:ro`);
  });

  it('dials control planes that are there', () => {
    const hosts = settings.controlPlane.map((address) => address.split(':')[0]);
    expect(hosts).toHaveLength(2);
    for (const host of hosts) expect(services).toHaveProperty(String(host));
  });

  it('publishes the ports of its workloads', () => {
    const ports = settings.workloads.map(({ env }) => `127.0.0.1:${env.PORT}:${env.PORT}`);
    expect(services.agent?.ports).toEqual(ports);
  });
});
