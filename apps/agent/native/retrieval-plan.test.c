/* Reads a manifest from standard input, prints its plan, and how it ended. For retrieval-plan.spec.ts. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "retrieval-plan.h"

int main(void)
{
	static const char *const steps[] = { "next", "end", "broken" };
	static unsigned char input[1 << 20];
	size_t size = fread(input, 1, sizeof(input), stdin);
	/* Of its exact size, so that a read beyond the end is seen. */
	unsigned char *manifest = malloc(size > 0 ? size : 1);
	enum plan_step step;
	struct plan plan;
	const char *name;
	uint64_t token;

	memcpy(manifest, input, size);
	step = plan_open(&plan, manifest, size);
	while (step == PLAN_NEXT && (step = plan_session(&plan, &name)) == PLAN_NEXT) {
		printf("%s\n", name);
		while ((step = plan_token(&plan, &token)) == PLAN_NEXT)
			printf("%" PRIu64 "\n", token);
		if (step == PLAN_END)
			step = PLAN_NEXT;
	}
	puts(steps[step]);
	free(manifest);
	return 0;
}
