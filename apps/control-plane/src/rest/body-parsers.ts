/**
 * DOC: request bodies
 *
 * Purpose: JSON and YAML bodies, both within one limit, both with faults that say where they are.
 *
 * Happy path: text -> value; the schema of the route checks it afterwards. No body at all is `undefined`.
 * Unhappy paths: larger than BODY_BYTES_MAX -> TOO_LARGE; not JSON or YAML, or a key twice -> INVALID_INPUT with the place; another
 * content type -> UNSUPPORTED_MEDIA_TYPE.
 */
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type DocumentResult, readJson, readYaml } from '@luofleet/contracts/documents';
import { LuofleetError } from '@luofleet/platform';

/** Largest request body taken; a manifest or a release is far smaller. */
export const BODY_BYTES_MAX = 1024 * 1024;

const PARSERS: ReadonlyArray<readonly [string[], 'JSON' | 'YAML']> = [
  [['application/json'], 'JSON'],
  [['application/yaml', 'application/x-yaml', 'text/yaml'], 'YAML'],
];

/** Replaces the HTTP server's own body parsers; before the application initialises. */
export function useBodyParsers(app: NestFastifyApplication): void {
  const server = app.getHttpAdapter().getInstance();
  server.removeAllContentTypeParsers();
  for (const [types, format] of PARSERS)
    server.addContentTypeParser(
      types,
      { parseAs: 'string', bodyLimit: BODY_BYTES_MAX },
      (_request, body, done) => {
        const text = body.toString();
        if (text.trim() === '') return done(null, undefined);
        try {
          return done(null, read(text, format));
        } catch (error) {
          return done(error as Error);
        }
      },
    );
}

/** @throws LuofleetError INVALID_INPUT */
function read(text: string, format: 'JSON' | 'YAML'): unknown {
  const result: DocumentResult = format === 'JSON' ? readJson(text) : readYaml(text);
  if (result.kind === 'value') return result.value;
  const { path, message } = result.fault;
  throw new LuofleetError({
    code: 'INVALID_INPUT',
    operation: 'read request body',
    subject: 'body',
    detail: `The body is not valid ${format}: ${path === '' ? '' : `${path} `}${message}.`,
    issues: [result.fault],
  });
}
