import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Test } from '@nestjs/testing';
import { createOpenApi } from './openapi';
import { REST_CONTROLLERS } from './rest.module';

const COMMITTED = path.resolve(__dirname, '../../../../openapi/openapi.json');

let app: NestFastifyApplication;
let description: OpenAPIObject;

beforeAll(async () => {
  const module = await Test.createTestingModule({ controllers: REST_CONTROLLERS })
    .useMocker(() => ({}))
    .compile();
  app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), {
    logger: false,
  });
  description = createOpenApi(app);
  if (process.env['UPDATE_OPENAPI'] === '1')
    writeFileSync(COMMITTED, `${JSON.stringify(description, null, 2)}\n`);
});

afterAll(() => app?.close());

it('is what openapi/openapi.json says (UPDATE_OPENAPI=1 writes it anew)', () => {
  expect(JSON.parse(JSON.stringify(description))).toEqual(
    JSON.parse(readFileSync(COMMITTED, 'utf8')),
  );
});

it('refers to nothing that is not there', () => {
  const text = JSON.stringify(description);
  const schemas = Object.keys(description.components?.schemas ?? {});
  const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference);
  expect(references.length).toBeGreaterThan(50);
  for (const reference of references)
    expect(schemas.map((name) => `#/components/schemas/${name}`)).toContain(reference);
});
