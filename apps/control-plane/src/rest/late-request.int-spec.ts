// A process that stood still reads what was asked of it before: operators have given up or asked another replica since.
import { once } from 'node:events';
import { connect } from 'node:net';
import { credentials } from '@grpc/grpc-js';
import type { HostResponse } from '@luofleet/contracts';
import { type DecommissionHostResponse, OperatorServiceClient } from '@luofleet/proto';
import { until } from '@luofleet/testkit';
import { GrpcServer } from '../grpc/grpc.server';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { grpcCall, grpcRefusal } from '../testing/grpc-calls';
import { ScriptedAgent } from '../testing/scripted-agent';

describe('what was asked before the process stood still', () => {
  let plane: ControlPlaneFixture;

  beforeAll(async () => {
    plane = await createControlPlane();
    await plane.fleet.hosts(['host-1']);
  });
  afterAll(() => plane.stop());

  const state = async (name: string) =>
    (await plane.ask<HostResponse>(`/api/v1/hosts/${name}`)).body.state;

  it('is not done over REST, and is when it is asked again', async () => {
    const socket = connect(plane.running.httpPort, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(
      'POST /api/v1/hosts/host-1/decommission HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n',
    );
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_500);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    expect(answer.toString()).toMatch(/^HTTP\/1.1 503 .*"code":"UNAVAILABLE"/s);
    expect(await state('host-1')).toBe('online');
    // What comes within two looks at the clock may still have come before.
    for (const verb of ['decommission', 'recommission'])
      await until(verb, async () => {
        const { status, body } = await plane.ask(`/api/v1/hosts/host-1/${verb}`, {
          method: 'POST',
        });
        if (status !== 200) throw new Error(JSON.stringify(body));
        return true;
      });
  });

  it('is not done over gRPC, and lets no host in', async () => {
    const { arrivals } = plane.running.app.get(GrpcServer);
    await arrivals.onApplicationShutdown();
    const stoodStill = (ms: number) => Reflect.set(arrivals, 'beforeMs', performance.now() - ms);
    const client = new OperatorServiceClient(
      `127.0.0.1:${plane.running.grpcPort}`,
      credentials.createInsecure(),
    );
    const decommission = () =>
      grpcCall<DecommissionHostResponse>((...rest) =>
        client.decommissionHost({ id: 'host-1', reason: '' }, ...rest),
      );
    const agent = new ScriptedAgent('late');
    stoodStill(60_000);
    expect(await grpcRefusal(decommission())).toMatchObject({ code: 'UNAVAILABLE' });
    await agent.connect(plane.running.grpcPort);
    expect([agent.ended, agent.hostId]).toEqual([true, '']);
    stoodStill(0);
    await decommission();
    await agent.connect(plane.running.grpcPort);
    expect(await state('late')).toBe('online');
    agent.disconnect();
    client.close();
  });
});
