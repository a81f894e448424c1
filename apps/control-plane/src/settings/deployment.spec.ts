import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { controlPlaneSettings } from './control-plane.settings';

const workspace = path.resolve(__dirname, '../../../..');
const read = (file: string): string => readFileSync(path.join(workspace, file), 'utf8');

interface Service {
  image: string;
  command: string[];
  environment?: Record<string, string>;
  depends_on?: Record<string, unknown> | string[];
}
const { services } = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>;
};
const controlPlanes = Object.entries(services).filter(([, { command }]) =>
  command?.includes('dist/apps/control-plane/main.cjs'),
);

describe('docker-compose.yml', () => {
  it('has two control plane replicas', () => {
    expect(controlPlanes.map(([name]) => name)).toEqual(['control-plane-1', 'control-plane-2']);
  });

  it.each(controlPlanes)('%s has settings the control plane takes', (_name, service) => {
    const settings = controlPlaneSettings(service.environment ?? {}, 'all', 'replica');
    expect(services).toHaveProperty(new URL(settings.databaseUrl).hostname);
    expect(services).toHaveProperty(new URL(settings.redisUrl).hostname);
    // Other containers could not reach a listener on the loopback address.
    expect([settings.httpHost, settings.grpcHost]).toEqual(['0.0.0.0', '0.0.0.0']);
  });

  it.each(controlPlanes)('%s sets nothing the control plane does not know', (_name, service) => {
    const known = [...read('.env.example').matchAll(/^(?:# )?([A-Z_]+)=/gm)].map(
      ([, name]) => name,
    );
    expect(known).toEqual(expect.arrayContaining(Object.keys(service.environment ?? {})));
  });

  it('waits only for services that are there', () => {
    for (const { depends_on: needs = [] } of Object.values(services))
      for (const name of Array.isArray(needs) ? needs : Object.keys(needs))
        expect(services).toHaveProperty(name);
  });

  it('migrates the database that the control planes use', () => {
    const urls = controlPlanes.map(([, { environment }]) => environment?.DATABASE_URL);
    expect(new Set([...urls, services.migrate?.environment?.DATABASE_URL]).size).toBe(1);
  });
});

describe('.env.example', () => {
  const lines = [...read('.env.example').matchAll(/^(# )?([A-Z_]+)=(.*)$/gm)];

  it('is taken as it stands', () => {
    const environment = Object.fromEntries(lines.map(([, , name, value]) => [name, value]));
    expect(() => controlPlaneSettings(environment, 'all', 'replica')).not.toThrow();
  });

  it('shows in comments what the defaults are', () => {
    const given = lines.filter(([, comment]) => !comment);
    const everything = lines.filter(([, , name]) => name !== 'DASHBOARD_DIR'); // has no fixed default
    const settings = (chosen: typeof lines) =>
      controlPlaneSettings(
        Object.fromEntries(chosen.map(([, , name, value]) => [name, value])),
        'all',
        'replica',
      );
    expect(settings(everything)).toEqual(settings(given));
  });

  it('lists every setting there is', () => {
    const source = read('apps/control-plane/src/settings/control-plane.settings.ts');
    const known = [...source.matchAll(/^ {2}([A-Z_]+): /gm)].map(([, name]) => name);
    expect(known.length).toBeGreaterThan(5);
    expect(lines.map(([, , name]) => name).sort()).toEqual(known.sort());
  });
});
