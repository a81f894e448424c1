import { parseSettings } from './parse-settings';

const minimal = 'hostName: host-1\ncontrolPlane: 127.0.0.1:7071\nstateDir: state\n';

describe('parseSettings', () => {
  it('makes paths absolute from the file and fills in what is left out', () => {
    const settings = parseSettings(minimal, '/etc/luofleet/agent.yaml');
    expect(settings).toMatchObject({
      controlPlane: ['127.0.0.1:7071'],
      stateDir: '/etc/luofleet/state',
      socket: '/etc/luofleet/state/agent.sock',
      backend: 'engine',
    });
  });

  it('reads tokens of faults as u64', () => {
    const text = `${minimal}faults: { freeze: [{ workload: kv, token: "0xffffffffffffffff", errno: EIO }] }`;
    const { faults } = parseSettings(text, 'a.yaml');
    expect(faults.freeze?.[0]).toMatchObject({ token: 0xffff_ffff_ffff_ffffn, times: 1 });
  });

  it.each([
    ['an unknown field', `${minimal}hostname: x\n`, /hostname/],
    ['a missing field', 'hostName: a\nstateDir: s\n', /controlPlane/],
    ['a wrong type', minimal.replace('state\n', '[1]\n'), /stateDir/],
    ['a bad name', minimal.replace('host-1', '"a b"'), /hostName: must be/],
    [
      'an unknown kill point',
      `${minimal}faults: { killAt: [{ point: nowhere }] }`,
      /faults.killAt.0.point/,
    ],
    [
      'the same workload twice',
      `${minimal}workloads: [{name: a, command: [x]}, {name: a, command: [y]}]`,
      /a twice/,
    ],
    ['text that is no YAML', 'a: [', /neither YAML nor JSON/],
    [
      'a field twice',
      '{"hostName": "a", "stateDir": "s", "hostName": "b"}',
      /hostName is there twice/,
    ],
    ['a host name that the control plane refuses', minimal.replace('host-1', 'host-'), /hostName/],
    [
      'a label no selector can name',
      `${minimal}labels: { zone: "zürich" }`,
      /labels.zone: a label value/,
    ],
    ['a label that hides the name', `${minimal}labels: { name: x }`, /labels.name: "name" means/],
    [
      'a variable the kernel can not take',
      `${minimal}workloads: [{name: a, command: [x], env: {A: "b\\0"}}]`,
      /env.A: has the character U\+0000/,
    ],
    ['a failure domain that steers a terminal', `${minimal}failureDomain: "\\e[31m"`, /U\+001B/],
  ])('refuses %s and says where', (_what, text, message) => {
    expect(() => parseSettings(text, 'a.yaml')).toThrow(message);
  });
});
