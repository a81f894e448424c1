import { LinuxError, LiveUpdateDevice } from '@luofleet/linux';
import { PhaseAborted } from '../../commands/phase-clock';
import { reasonOf } from '../../model/reason';
import { deviceReason, openDevice, takeDevice } from './kernel-device';

const errnos = { ENOENT: 2, EIO: 5, EACCES: 13, EBUSY: 16 } as const;
const refusal = (code: keyof typeof errnos) => new LinuxError(errnos[code], 'open', 'the device');
const device = LiveUpdateDevice.adopt(-1);
const open = jest.spyOn(LiveUpdateDevice, 'open');
const refuseOnce = (code: keyof typeof errnos) =>
  open.mockImplementationOnce(() => {
    throw refusal(code);
  });
const log = { warn: jest.fn() };
afterEach(() => jest.resetAllMocks());

describe('opening the device', () => {
  it('asks again while another process has it, and says so once', async () => {
    refuseOnce('EBUSY');
    refuseOnce('EBUSY');
    open.mockReturnValueOnce(device);
    expect(await takeDevice(new AbortController().signal, log)).toBe(device);
    expect(open).toHaveBeenCalledTimes(3);
    expect(log.warn).toHaveBeenCalledTimes(1);
  });

  it.each(['ENOENT', 'EIO', 'EACCES'] as const)('does not ask again after %s', async (code) => {
    refuseOnce(code);
    await expect(openDevice()).rejects.toMatchObject({ code });
    expect(open).toHaveBeenCalledTimes(1);
  });

  it('does not outlast its phase, whose reason is then the answer', async () => {
    const phase = new AbortController();
    const reason = reasonOf('ROLLBACK_REQUESTED', 'an operator asked');
    phase.abort(new PhaseAborted(reason));
    refuseOnce('EBUSY');
    expect(await takeDevice(phase.signal, log)).toBe(reason);
    expect(open).toHaveBeenCalledTimes(1);
  });
});

it.each([
  ['ENOENT', 'DEVICE_MISSING'],
  ['EIO', 'MUST_REBOOT'],
  ['EBUSY', 'DEVICE_BUSY'],
  ['EACCES', 'DEVICE_MISSING'],
] as const)('%s means %s', (errnoCode, code) => {
  expect(deviceReason(refusal(errnoCode))).toMatchObject({ code, errnoCode });
});
