// A worker that is frozen in the middle of a job: another one carries the job out, the fleet goes on, and then the first
// goes on with what it has read before.
import { Database, DATABASE_LIMITS, UnitOfWork } from '@luofleet/persistence';
import { CommandResult, Outcome, Phase } from '@luofleet/proto';
import { until } from '@luofleet/testkit';
import { ResultRecorder } from '../progress/result.recorder';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { applyRollout, updatesOf } from '../testing/rollout.fixture';
import { RolloutReconciler } from '../progress/rollout.reconciler';

/** Stalls once, between what its first transaction reads and what that writes. */
class StallingDatabase extends Database {
  goOn: () => void = () => undefined;
  readonly stalled: Promise<void>;
  private noteStall: () => void = () => undefined;
  private readonly told = new Promise<void>((go) => (this.goOn = go));
  private stalls = 0;

  constructor(url: string, idleInTransactionMs: number) {
    super({ url, connectionsMax: 3, limits: { ...DATABASE_LIMITS, idleInTransactionMs } });
    this.stalled = new Promise((note) => (this.noteStall = note));
  }

  override transaction<T>(
    operation: string,
    subject: string,
    work: (unit: UnitOfWork) => Promise<T>,
    options?: { urgent?: boolean },
  ): Promise<T> {
    return super.transaction(operation, subject, (unit) => work(this.stalling(unit)), options);
  }

  private stalling(unit: UnitOfWork): UnitOfWork {
    const { client } = unit;
    const writes = async (...args: Parameters<typeof client.$executeRaw>) => {
      if (this.stalls++ === 0) {
        this.noteStall();
        await this.told;
      }
      return client.$executeRaw(...args);
    };
    const slow = new Proxy(client, {
      get: (target, name) => (name === '$executeRaw' ? writes : Reflect.get(target, name)),
    });
    return Object.create(unit, { client: { value: slow } }) as UnitOfWork;
  }
}

describe('a job whose worker stalls', () => {
  let plane: ControlPlaneFixture;
  let frozen: StallingDatabase;

  beforeAll(async () => {
    plane = await createControlPlane();
    await plane.fleet.release('runtime-1.1.0');
  });
  afterEach(() => frozen.close());
  afterAll(() => plane.stop());

  const begin = async (name: string) => {
    await plane.fleet.hosts(
      [1, 2, 3].map((n) => `${name}-${n}`),
      () => ({ test: name }),
    );
    const strategy = { maxConcurrent: 3, phaseTimeouts: { preflight: '1s' } };
    return (await applyRollout(plane, { name, selector: `test=${name}`, strategy })).id;
  };
  /** As another worker. */
  const reconcile = (id: string) => plane.running.app.get(RolloutReconciler).reconcile(id);
  const stall = async (id: string, idleInTransactionMs: number) => {
    frozen = new StallingDatabase(plane.databaseUrl, idleInTransactionMs);
    const job = new RolloutReconciler(frozen).reconcile(id);
    job.catch(() => undefined);
    await Promise.race([frozen.stalled, job]);
    return { job };
  };
  const commandsOf = (rolloutId: string) =>
    plane.fleet.database.read('look', 'commands', (client) =>
      client.command.findMany({ where: { hostUpdate: { rolloutId } } }),
    );

  it('issues nothing that another has issued meanwhile', async () => {
    const id = await begin('issued');
    const { job } = await stall(id, 300);
    await until('Postgres to let go of what it held, and another to issue', async () => {
      const issued = await reconcile(id);
      return issued !== 'locked' && issued.length === 3 ? true : undefined;
    });
    frozen.goOn();
    // It fails, and is tried again, from what is so by now.
    const again = await job.catch(() => reconcile(id));
    expect(again).toEqual([]);
    const commands = await commandsOf(id);
    expect(commands.map(({ phase, attempt }) => `${phase}/${attempt}`)).toEqual(
      Array.from({ length: 3 }, () => 'preflight/1'),
    );
    expect(new Set(commands.map(({ hostId }) => hostId)).size).toBe(3);
  });

  it('calls no deadline over of a host that has answered meanwhile', async () => {
    const id = await begin('answered');
    expect(await reconcile(id)).toHaveLength(3);
    await plane.fleet.database.read('let deadlines pass', 'test', async (client) => {
      await client.$executeRaw`UPDATE host_updates SET deadline_at = now() - interval '1 h', version = version + 1
        WHERE rollout_id = ${id}::uuid`;
      await client.$executeRaw`UPDATE fleet_watch SET deadlines_from = 'epoch'`;
    });
    const { job } = await stall(id, DATABASE_LIMITS.idleInTransactionMs);
    for (const { hostId, idempotencyKey } of await commandsOf(id))
      await plane.running.app.get(ResultRecorder).record(
        hostId,
        CommandResult.create({
          ...{ idempotencyKey, phase: Phase.PHASE_PREFLIGHT, outcome: Outcome.OUTCOME_SUCCEEDED },
        }),
      );
    frozen.goOn();
    await job;
    const states = (await updatesOf(plane, 'answered')).map(({ state, phase }) => [state, phase]);
    expect(states).toEqual(Array.from({ length: 3 }, () => ['running', 'preserve']));
  });
});
