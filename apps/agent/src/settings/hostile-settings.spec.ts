// Every text of a configuration and of the command line, found by walking the schema: what is harmful, or far too long,
// is refused with the place, in words that a terminal can be given.
import { isPlainText } from '@luofleet/platform/text';
import { z } from 'zod';
import { options, simulate } from '../simulate/simulate';
import { parseSettings, SettingsError, settingsSchema } from './parse-settings';

const HARMFUL = [
  ...['\u0000', 'a\u001b[31m', '\u001b]0;x\u0007', '\u009b2J', '\r', '\u007f', '\u202e', '\u2066'],
  ...['\u2028', '\ufeffa', 'a\u200b', '\ud800', '\u{e0041}', 'x'.repeat(100_000)],
];

type Path = readonly (string | number)[];
interface Place {
  readonly path: Path;
  /** The text is the last part of the path. */
  readonly isKey: boolean;
}

/** Every place of a text, and of a key that whoever writes it chooses. */
function textsOf(schema: z.core.$ZodType, path: Path): Place[] {
  if (schema instanceof z.ZodObject)
    return Object.entries(schema.shape).flatMap(([name, part]) =>
      textsOf(part as z.core.$ZodType, [...path, name]),
    );
  if (schema instanceof z.ZodArray) return textsOf(schema.element, [...path, 0]);
  if (schema instanceof z.ZodRecord)
    return [{ path, isKey: true }, ...textsOf(schema.valueType, [...path, 'key'])];
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((part) => textsOf(part, path));
  if (schema instanceof z.ZodPipe)
    return textsOf(schema.in instanceof z.ZodTransform ? schema.out : schema.in, path);
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault)
    return textsOf(schema.def.innerType as z.core.$ZodType, path);
  return schema instanceof z.ZodNumber ? [] : [{ path, isKey: false }];
}

/** A document with this value at the path, and nothing else. */
const documentOf = (path: Path, value: unknown): unknown =>
  path.reduceRight<unknown>(
    (inner, part) => (typeof part === 'number' ? [inner] : { [part]: inner }),
    value,
  );

const places = textsOf(settingsSchema, []);

it('finds the settings', () => {
  const found = places.map(({ path }) => path.join('.'));
  expect(found).toEqual(
    expect.arrayContaining(['hostName', 'controlPlane.0', 'labels.key', 'workloads.0.env.key']),
  );
});

it.each(places)('$path takes nothing harmful, and the error names it', ({ path, isKey }) => {
  for (const text of HARMFUL) {
    const value = isKey ? { [text]: 'x' } : text;
    let told = '';
    try {
      parseSettings(JSON.stringify(documentOf(path, value)), 'agent.yaml');
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      told = error.message;
    }
    expect(isPlainText(told)).toBe(true);
    expect(told).toContain(`${path.join('.')}${isKey ? '.' : ': '}`);
    expect(told.length).toBeLessThan(5000);
  }
});

const texts = Object.entries(options).filter(([, { type }]) => type === 'string');

it.each(texts)('simulate --%s takes nothing harmful, and the error names it', async (name) => {
  const sound = { hosts: '1', 'control-plane': '127.0.0.1:1' };
  for (const text of HARMFUL) {
    const given = { ...sound, [name]: name === 'label' ? `a=${text}` : text };
    const args = Object.entries(given).map(([option, value]) => `--${option}=${value}`);
    await expect(simulate(args)).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
      message: expect.stringContaining(`--${name}`),
    });
  }
});
