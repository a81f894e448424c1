/**
 * DOC: what is set aside
 *
 * Purpose: what can never be stored as it was reported is kept with its reason, so that nobody has to send it again and
 * nothing is lost without a word.
 *
 * Happy path: a row for each thing, and one event that tells of it; the same again only counts.
 */
import { cleanText } from '@luofleet/platform/text';
import { arrayText } from '../database/array-text';
import type { UnitOfWork } from '../database/unit-of-work';
import { messageOf } from '../database/database-error';
import type { UnstorableError } from '../database/unstorable.error';

export type SetAsideKind =
  | 'result'
  | 'session'
  | 'file'
  | 'health'
  | 'message'
  | 'hello'
  | 'host'
  | 'host-update'
  | 'command'
  | 'event';

export interface SetAsideItem {
  readonly kind: SetAsideKind;
  /** What it is about: the same kind and subject again is the same thing. */
  readonly subject: string;
  readonly hostId?: string | undefined;
  readonly hostUpdateId?: string | undefined;
  readonly rolloutId?: string | undefined;
  /** In a few words for people, for example "the health of host kv-1". */
  readonly what: string;
  readonly why: UnstorableError;
  readonly content: unknown;
}

/** Characters of a subject, a detail and a content that are kept: the subject has an index. */
const SUBJECT_MAX = 500;
const DETAIL_MAX = 1000;
const CONTENT_MAX = 256 * 1024;

/** Keeps these things aside and records one event for each that is new. */
export async function setAside(unit: UnitOfWork, items: readonly SetAsideItem[]): Promise<void> {
  if (items.length === 0) return;
  const cut = items.map((item) => ({ ...item, subject: cleanText(item.subject, SUBJECT_MAX) }));
  const rows = [...new Map(cut.map((item) => [`${item.kind}/${item.subject}`, item])).values()];
  const column = (pick: (item: SetAsideItem) => string | undefined): string[] =>
    rows.map((item) => pick(item) ?? '');
  const stored = await unit.client.$queryRaw<{ kind: string; subject: string; times: number }[]>`
    INSERT INTO set_aside (id, kind, subject, host_id, host_update_id, rollout_id, reason_code, reason_detail, content)
    SELECT gen_random_uuid(), v.kind, v.subject, NULLIF(v.host_id, '')::uuid,
      NULLIF(v.host_update_id, '')::uuid, NULLIF(v.rollout_id, '')::uuid, v.code, v.detail, v.content
    FROM unnest(
      ${arrayText(column(({ kind }) => kind))}::text[], ${arrayText(column(({ subject }) => subject))}::text[],
      ${arrayText(column(({ hostId }) => hostId))}::text[], ${arrayText(column(({ hostUpdateId }) => hostUpdateId))}::text[],
      ${arrayText(column(({ rolloutId }) => rolloutId))}::text[], ${arrayText(column(({ why }) => codeOf(why)))}::text[],
      ${arrayText(column(({ why }) => detailOf(why)))}::text[], ${arrayText(column(({ content }) => textOf(content)))}::text[]
    ) AS v(kind, subject, host_id, host_update_id, rollout_id, code, detail, content)
    ORDER BY v.kind, v.subject
    ON CONFLICT (kind, subject) DO UPDATE SET times = set_aside.times + 1, last_at = now(),
      reason_code = EXCLUDED.reason_code, reason_detail = EXCLUDED.reason_detail, content = EXCLUDED.content
    RETURNING kind, subject, times`;
  const known = new Set(
    stored.filter(({ times }) => times > 1).map(({ kind, subject }) => `${kind}/${subject}`),
  );
  unit.record(
    ...rows
      .filter(({ kind, subject }) => !known.has(`${kind}/${subject}`))
      .map(({ kind, subject, hostId, hostUpdateId, rolloutId, what, why }) => ({
        kind: 'set-aside' as const,
        ...{ hostId, hostUpdateId, rolloutId },
        reasonCode: codeOf(why),
        message: `Could not store ${cleanText(what, DETAIL_MAX)}; it was set aside: ${detailOf(why)}.`,
        data: { kind, subject },
      })),
  );
}

/** Hellos that are told of; anybody may make up names, so that all beyond these count as one. */
const HELLOS_MAX = 500;

/** Keeps a hello aside that was turned away for what it says. */
export async function setAsideHello(
  unit: UnitOfWork,
  item: Omit<SetAsideItem, 'kind'>,
): Promise<void> {
  const subject = cleanText(item.subject, SUBJECT_MAX);
  const [kept] = await unit.client.$queryRaw<{ n: number; isKnown: boolean }[]>`
    SELECT count(*)::int AS n, COALESCE(bool_or(subject = ${subject}), false) AS "isKnown"
    FROM set_aside WHERE kind = 'hello'`;
  const isOne = kept !== undefined && (kept.isKnown || kept.n < HELLOS_MAX);
  await setAside(unit, [{ ...item, kind: 'hello', subject: isOne ? subject : 'of others' }]);
}

const codeOf = ({ sqlState }: UnstorableError): string =>
  sqlState === '' ? 'NOT_STORABLE' : `SQLSTATE_${sqlState}`;

const detailOf = (why: UnstorableError): string => cleanText(messageOf(why), DETAIL_MAX);

/** JSON escapes what a text can not hold. */
function textOf(content: unknown): string {
  return JSON.stringify(content ?? null, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  ).slice(0, CONTENT_MAX);
}
