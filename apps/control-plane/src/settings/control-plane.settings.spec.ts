// Every setting there is, with what no setting may be: refused by its name, before anything starts.
import { LuofleetError } from '@luofleet/platform';
import { isPlainText } from '@luofleet/platform/text';
import { roleOf } from './command-line';
import { controlPlaneSettings, environmentSchema } from './control-plane.settings';

const SOUND = { DATABASE_URL: 'postgres://user:secret@db/luofleet', REDIS_URL: 'redis://redis' };
const HARMFUL = [
  ...['\u0000', '\u001b[31m', '\u001b]0;x\u0007', '\u009b2J', '\n', '\t', '\r\n', '\u202e'],
  ...['\u2028', '\ufeff', '\u200b', '\ud800', '\u{e0041}', 'x'.repeat(100_000)],
];
const NAMES = Object.keys(environmentSchema.shape);

function refusal(start: () => unknown): LuofleetError {
  try {
    start();
  } catch (error) {
    if (error instanceof LuofleetError) return error;
    throw error;
  }
  throw new Error('was taken');
}

it.each(NAMES)('%s takes nothing harmful, and the error names it', (name) => {
  for (const text of HARMFUL)
    for (const value of [text, `${(SOUND as Record<string, string>)[name] ?? '7'}${text}`]) {
      const error = refusal(() => controlPlaneSettings({ ...SOUND, [name]: value }, 'all', 'r'));
      expect(error).toMatchObject({ code: 'INVALID_SETTINGS', mapping: { exitCode: 2 } });
      expect(error.issues.map(({ path }) => path)).toEqual([name]);
      expect(isPlainText(error.message)).toBe(true);
      expect(error.message).not.toContain('secret');
    }
});

it.each(['', ' ', '0x10', '1e2', '-1', '1.5', ' 20 '])('%j is no whole number', (value) => {
  const given = { ...SOUND, DATABASE_CONNECTIONS_MAX: value };
  if (value === '') expect(controlPlaneSettings(given, 'all', 'r').databaseConnectionsMax).toBe(20);
  else expect(refusal(() => controlPlaneSettings(given, 'all', 'r')).code).toBe('INVALID_SETTINGS');
});

it.each(HARMFUL)('the command line takes nothing harmful: %j', (text) => {
  for (const args of [[text], ['--role', text], [`--${text}`], [`--role=${text}`]]) {
    const error = refusal(() => roleOf(args));
    expect(error).toMatchObject({ code: 'INVALID_INPUT', mapping: { exitCode: 2 } });
    expect(isPlainText(error.message)).toBe(true);
  }
});
