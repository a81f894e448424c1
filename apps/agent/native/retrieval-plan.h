/*
 * Reads the retrieval plan at the end of a manifest (apps/agent/src/backend/kernel/retrieval-plan.ts writes it): what can be
 * followed without knowing anything else of the manifest.
 *
 * Layout, little endian, any alignment: magic "RETRIEVE", sessions u32; then for each session name[64] (NUL terminated),
 * files u32, token u64 each.
 * Happy path: plan_open, then plan_session for each session and plan_token for each of its files; plan_session answers
 * PLAN_END after the last one.
 * Unhappy paths: no plan (an older agent wrote the manifest), a torn one, a wild count, a name without end: PLAN_BROKEN, and
 * nothing beyond `end` is ever read.
 */
#ifndef RETRIEVAL_PLAN_H
#define RETRIEVAL_PLAN_H

#include <stdint.h>
#include <string.h>

enum { PLAN_NAME_BYTES = 64, MANIFEST_HEADER_BYTES = 48, MANIFEST_VERSION = 1 };
enum plan_step { PLAN_NEXT, PLAN_END, PLAN_BROKEN };

struct plan {
	const unsigned char *at;
	const unsigned char *end;
	uint32_t sessions_left;
	uint32_t files_left;
};

static uint64_t plan_number(const unsigned char *bytes, int count)
{
	uint64_t value = 0;

	for (int i = count - 1; i >= 0; i--)
		value = value << 8 | bytes[i];
	return value;
}

static const unsigned char *plan_take(struct plan *plan, size_t count)
{
	const unsigned char *bytes = plan->at;

	if ((size_t)(plan->end - plan->at) < count)
		return NULL;
	plan->at += count;
	return bytes;
}

/* The plan of a whole manifest, its header included. */
static enum plan_step plan_open(struct plan *plan, const unsigned char *manifest, size_t size)
{
	const unsigned char *magic, *count;

	*plan = (struct plan){ .at = manifest, .end = manifest + size };
	if (size < MANIFEST_HEADER_BYTES || memcmp(manifest, "LUOFLEET", 8) != 0 ||
	    plan_number(manifest + 8, 4) != MANIFEST_VERSION)
		return PLAN_BROKEN;
	if (plan_take(plan, MANIFEST_HEADER_BYTES) == NULL ||
	    plan_take(plan, plan_number(manifest + 12, 4)) == NULL)
		return PLAN_BROKEN;
	magic = plan_take(plan, 8);
	count = plan_take(plan, 4);
	if (magic == NULL || count == NULL || memcmp(magic, "RETRIEVE", 8) != 0)
		return PLAN_BROKEN;
	plan->sessions_left = (uint32_t)plan_number(count, 4);
	return PLAN_NEXT;
}

static enum plan_step plan_session(struct plan *plan, const char **name)
{
	const unsigned char *bytes, *count;

	if (plan->files_left > 0)
		return PLAN_BROKEN;
	if (plan->sessions_left == 0)
		return PLAN_END;
	plan->sessions_left--;
	bytes = plan_take(plan, PLAN_NAME_BYTES);
	count = plan_take(plan, 4);
	if (bytes == NULL || count == NULL || bytes[0] == '\0' ||
	    memchr(bytes, '\0', PLAN_NAME_BYTES) == NULL || memchr(bytes, '\n', PLAN_NAME_BYTES) != NULL)
		return PLAN_BROKEN;
	plan->files_left = (uint32_t)plan_number(count, 4);
	*name = (const char *)bytes;
	return PLAN_NEXT;
}

static enum plan_step plan_token(struct plan *plan, uint64_t *token)
{
	const unsigned char *bytes;

	if (plan->files_left == 0)
		return PLAN_END;
	plan->files_left--;
	bytes = plan_take(plan, 8);
	if (bytes == NULL)
		return PLAN_BROKEN;
	*token = plan_number(bytes, 8);
	return PLAN_NEXT;
}

#endif
