/*
 * Takes what the previous kernel handed over, and then becomes the agent: the files are there before the agent's runtime has
 * even been read.
 *
 *   arrive PROGRAM ARGUMENT...      stands in front of the agent's command where the backend is `kernel`
 *
 * Happy path: the command line carries the agent's mark, the device opens, the agent's own session has the manifest, its plan
 * names all sessions and files. What became of each is written into a memfd, whose number goes along in LUOFLEET_ARRIVAL; the
 * descriptors go along open. apps/agent/src/backend/kernel/arrival-record.ts reads it.
 * Unhappy paths: whatever is not understood, or refused for reasons that can pass (device busy, too many open files), is left
 * to the agent, which asks for all that is not in the record; what the kernel refused for good is in the record with its
 * errno. Only when the agent can not be executed does this end, with status 127.
 * Ordering: nothing is asked for twice, because the kernel gives a session once and keeps a file's errno for the whole boot
 * (S10, D2). The record is there before the first question: what could not be told must not be taken.
 *
 * Record: "arrival 1 PID", then "session OUTCOME NAME" and after each its "file OUTCOME TOKEN", and "end" when the plan was
 * followed to its end. An outcome is a descriptor or a negative errno.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "boot-mark.h"
#include "retrieval-plan.h"

#define OWN_SESSION "luofleet"
enum { MANIFEST_TOKEN = 0, COMMAND_LINE_BYTES = 4096 };

/* The kernel's interface (include/uapi/linux/liveupdate.h): type 0xBA, no size bits; structs start with their own size. */
enum { RETRIEVE_SESSION = 0xba01, RETRIEVE_FD = 0xba41 };

struct session_request {
	uint32_t size;
	int32_t fd;
	char name[PLAN_NAME_BYTES];
};

struct file_request {
	uint32_t size;
	int32_t fd;
	uint64_t token;
};

struct arrival {
	int device;
	FILE *record;
	int files;
};

/* Refusals that say nothing about what was handed over: the agent asks again. */
static bool can_pass(int error)
{
	return error == EMFILE || error == ENFILE || error == EINTR || error == EAGAIN;
}

static bool was_handed_over(void)
{
	char line[COMMAND_LINE_BYTES];
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);

	if (fd >= 0)
		close(fd);
	if (length <= 0 || length == sizeof(line) - 1)
		return false;
	line[length] = '\0';
	return has_mark(line);
}

/* Keeps a descriptor across execve. */
static int passed_on(int fd)
{
	fcntl(fd, F_SETFD, 0);
	return fd;
}

/* Descriptor of a session, or a negative errno; an answer that can pass is not in the record. */
static int retrieve_session(struct arrival *arrival, const char *name)
{
	struct session_request request = { .size = sizeof(request), .fd = -1 };
	int outcome;

	memccpy(request.name, name, '\0', sizeof(request.name));
	outcome = ioctl(arrival->device, RETRIEVE_SESSION, &request) < 0 ? -errno : passed_on(request.fd);
	if (!can_pass(-outcome))
		fprintf(arrival->record, "session %d %s\n", outcome, name);
	return outcome;
}

static int retrieve_file(struct arrival *arrival, int session, uint64_t token)
{
	struct file_request request = { .size = sizeof(request), .fd = -1, .token = token };
	int outcome = ioctl(session, RETRIEVE_FD, &request) < 0 ? -errno : passed_on(request.fd);

	if (!can_pass(-outcome))
		fprintf(arrival->record, "file %d %" PRIu64 "\n", outcome, token);
	return outcome;
}

static void follow(struct arrival *arrival, struct plan *plan)
{
	enum plan_step step;
	const char *name;
	uint64_t token;

	while ((step = plan_session(plan, &name)) == PLAN_NEXT) {
		int session = retrieve_session(arrival, name);

		if (session < 0 && can_pass(-session))
			return;
		while ((step = plan_token(plan, &token)) == PLAN_NEXT) {
			if (session >= 0 && retrieve_file(arrival, session, token) >= 0)
				arrival->files++;
		}
		if (step == PLAN_BROKEN)
			return;
	}
	if (step == PLAN_END)
		fputs("end\n", arrival->record);
}

static void say_retrieved(int files)
{
	struct timespec now, age;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_MONOTONIC, &age);
	fprintf(stderr,
		"{\"level\":30,\"time\":%lld,\"pid\":%d,\"by\":\"arrive\",\"files\":%d,\"kernelAgeMs\":%.3f,"
		"\"msg\":\"retrieved\"}\n",
		(long long)now.tv_sec * 1000 + now.tv_nsec / 1000000, getpid(), files,
		(double)age.tv_sec * 1e3 + (double)age.tv_nsec / 1e6);
}

static void take_over(struct arrival *arrival)
{
	int own = retrieve_session(arrival, OWN_SESSION);
	int manifest = own < 0 ? -1 : retrieve_file(arrival, own, MANIFEST_TOKEN);
	struct plan plan;
	struct stat stat;
	unsigned char *bytes;

	if (manifest < 0 || fstat(manifest, &stat) < 0 || stat.st_size <= 0)
		return;
	bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, manifest, 0);
	if (bytes == MAP_FAILED)
		return;
	if (plan_open(&plan, bytes, (size_t)stat.st_size) == PLAN_NEXT) {
		follow(arrival, &plan);
		say_retrieved(arrival->files);
	}
	munmap(bytes, (size_t)stat.st_size);
}

/* The record and its name in the environment, ready before anything is asked for. */
static FILE *open_record(void)
{
	char number[16];
	int record = memfd_create("luofleet-arrival", MFD_CLOEXEC);
	FILE *lines;

	if (record < 0)
		return NULL;
	snprintf(number, sizeof(number), "%d", record);
	lines = fdopen(record, "w");
	if (lines == NULL || setenv("LUOFLEET_ARRIVAL", number, 1) < 0)
		return NULL;
	passed_on(record);
	fprintf(lines, "arrival 1 %d\n", getpid());
	return lines;
}

static void arrive(void)
{
	struct arrival arrival = { .device = open("/dev/liveupdate", O_RDWR | O_CLOEXEC) };

	if (arrival.device < 0)
		return;
	arrival.record = open_record();
	if (arrival.record != NULL) {
		take_over(&arrival);
		/* Not closed: the agent reads it. */
		fflush(arrival.record);
	}
	close(arrival.device);
}

/* Nothing that is opened here may become standard input, output or error, which are written to. */
static void fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd < 3);
	if (fd >= 3)
		close(fd);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fputs("usage: arrive PROGRAM ARGUMENT...\n", stderr);
		return 2;
	}
	unsetenv("LUOFLEET_ARRIVAL");
	/* Whoever started this may have left descriptors open; they are for nobody here. */
	close_range(3, ~0U, 0);
	fill_standard_descriptors();
	if (was_handed_over())
		arrive();
	execvp(argv[1], argv + 1);
	fprintf(stderr, "arrive: %s: %s\n", argv[1], strerror(errno));
	return 127;
}
