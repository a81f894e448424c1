// A client with many calls that takes no answer: what waits for it has a bound in bytes, long before the one in time.
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { callHeaders, END_STREAM, FRAME, frame, rawHttp2 } from '../testing/raw-http2';
import { OperatorServiceService } from '@luofleet/proto';

const HOSTS = 200;
/** Of one answer, at least. */
const ANSWER_BYTES = HOSTS * 4_000;
/** More than may wait, and one more for a reset that comes after the headers. */
const CALLS_MAX = Math.ceil((32 * 2 ** 20) / ANSWER_BYTES) + 1;

let plane: ControlPlaneFixture;

beforeAll(async () => {
  plane = await createControlPlane();
  const names = Array.from({ length: HOSTS }, (_, index) => `host-${index}`);
  const label = 'x'.repeat(60);
  await plane.fleet.hosts(names, () =>
    Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`label-${index}`, label])),
  );
});
afterAll(() => plane?.stop());

it('resets the call that is too much, and no other', async () => {
  const reset: number[] = [];
  let heard = (): void => undefined;
  const socket = rawHttp2(plane.running.grpcPort, ({ type, stream }) => {
    if (type === FRAME.resetStream) reset.push(stream);
    if (type === FRAME.headers || type === FRAME.resetStream) heard();
  });
  const { path, requestSerialize } = OperatorServiceService.listHosts;
  const message = requestSerialize({ selector: '', state: '', limit: HOSTS, cursor: '' });
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  const request = Buffer.concat([head, message]);
  let calls = 0;
  // Headers say that the answer waits.
  while (reset.length === 0 && calls < CALLS_MAX) {
    const stream = 2 * calls + 1;
    calls += 1;
    const answered = new Promise<void>((resolve) => (heard = resolve));
    socket.write(callHeaders(stream, path));
    socket.write(frame(FRAME.data, request, { stream, flags: END_STREAM }));
    await answered;
  }
  expect(reset).toHaveLength(1);
  // The last one, or the one before, when its reset came after its headers.
  expect(reset[0]).toBeGreaterThanOrEqual(2 * calls - 3);
  socket.destroy();
});
