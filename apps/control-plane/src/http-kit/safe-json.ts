import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { escapeJson } from '@luofleet/platform/text';

/** JSON as it leaves: the same meaning, without one raw control or bidirectional character, whatever the record has. */
export function safeJson(value: unknown): string {
  return escapeJson(JSON.stringify(value));
}

/** Every JSON answer is written so; before the application initialises. */
export function useSafeJson(app: NestFastifyApplication): void {
  app.getHttpAdapter().getInstance().setReplySerializer(safeJson);
}
