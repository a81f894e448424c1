/**
 * DOC: request bodies
 *
 * Purpose: JSON and YAML bodies, both within one limit, both with faults that say where they are.
 *
 * Happy path: text -> value; the schema of the route checks it afterwards. No body at all is `undefined`.
 * Unhappy paths: larger than BODY_BYTES_MAX -> TOO_LARGE; not JSON or YAML -> INVALID_INPUT with the place; another
 * content type -> UNSUPPORTED_MEDIA_TYPE.
 */
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { LuofleetError } from '@luofleet/platform';
import { LineCounter, parseDocument } from 'yaml';

/** Largest request body taken; a manifest or a release is far smaller. */
export const BODY_BYTES_MAX = 1024 * 1024;

/** Aliases a YAML document may resolve; a manifest has none, a bomb has millions. */
const YAML_ALIASES_MAX = 100;

const PARSERS: ReadonlyArray<readonly [string[], (text: string) => unknown]> = [
  [['application/json'], parseJson],
  [['application/yaml', 'application/x-yaml', 'text/yaml'], parseYaml],
];

/** Replaces the HTTP server's own body parsers; before the application initialises. */
export function useBodyParsers(app: NestFastifyApplication): void {
  const server = app.getHttpAdapter().getInstance();
  server.removeAllContentTypeParsers();
  for (const [types, parse] of PARSERS)
    server.addContentTypeParser(
      types,
      { parseAs: 'string', bodyLimit: BODY_BYTES_MAX },
      (_request, body, done) => {
        const text = body.toString();
        if (text.trim() === '') return done(null, undefined);
        try {
          return done(null, parse(text));
        } catch (error) {
          return done(error as Error);
        }
      },
    );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw notReadable('JSON', (cause as Error).message, cause);
  }
}

function parseYaml(text: string): unknown {
  const document = parseDocument(text, { lineCounter: new LineCounter(), prettyErrors: true });
  const [first] = document.errors;
  if (first) {
    const at = first.linePos?.[0];
    const where = at ? ` at line ${at.line}, column ${at.col}` : '';
    throw notReadable('YAML', `${first.message.split('\n')[0]}${where}`, first);
  }
  try {
    return document.toJS({ maxAliasCount: YAML_ALIASES_MAX });
  } catch (cause) {
    throw notReadable('YAML', (cause as Error).message, cause);
  }
}

function notReadable(format: 'JSON' | 'YAML', message: string, cause: unknown): LuofleetError {
  return new LuofleetError({
    code: 'INVALID_INPUT',
    operation: 'read request body',
    subject: 'body',
    detail: `The body is not valid ${format}: ${message}.`,
    issues: [{ path: '', message }],
    cause,
  });
}
