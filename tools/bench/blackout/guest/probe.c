/*
 * The yardstick of the blackout benchmark: a live update in as few system calls as it can be done with.
 *
 *   probe depart KERNEL COMMAND-LINE    makes memfds, preserves them as the agent does, reboots into KERNEL
 *   probe arrive                        retrieves them in the next kernel, says so, checks and finishes them
 *   probe hold PROGRAM ARGUMENT...      makes the same memfds at descriptors 3 to 52 and becomes PROGRAM (the workload that
 *                                       the agent carries); with descriptors handed over it makes none
 *
 * Happy path of depart and arrive: two sessions, as the agent has them: one of its own with a manifest under token 0, which
 * names the other one, and one with the files under tokens 1 to 50.
 * Unhappy paths: whatever fails is said with its errno, exit status 1; the machine then goes on without the update.
 * Ordering: the marks are written right before the reboot call and right after the last descriptor is there; nothing is
 * checked before the second one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { FILES = 50, FILE_BYTES = 65536, FIRST_FD = 3, NAME_BYTES = 64 };

/* The kernel's interface: type 0xBA, no size bits; every struct starts with its own size. */
enum {
	CREATE_SESSION = 0xba00,
	RETRIEVE_SESSION = 0xba01,
	PRESERVE_FD = 0xba40,
	RETRIEVE_FD = 0xba41,
	FINISH = 0xba42,
};

struct session_request {
	uint32_t size;
	int32_t fd;
	char name[NAME_BYTES];
};

struct file_request {
	uint32_t size;
	int32_t fd;
	uint64_t token;
};

struct finish_request {
	uint32_t size;
	uint32_t reserved;
};

struct manifest {
	char session[NAME_BYTES];
	uint64_t files;
};

static void fail(const char *what)
{
	fprintf(stderr, "PROBE %s: %s\n", what, strerror(errno));
	exit(1);
}

static void mark(const char *what)
{
	struct timespec now;
	char line[80];

	clock_gettime(CLOCK_MONOTONIC, &now);
	int length = snprintf(line, sizeof(line), "PROBE %s monotonicMs=%.3f\n", what,
			      (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6);
	if (write(1, line, (size_t)length) != length)
		fail("write mark");
}

static unsigned char byte_of(int file, int offset)
{
	return (unsigned char)(file * 31 + offset);
}

static int make_file(int file)
{
	unsigned char bytes[FILE_BYTES];
	int fd = memfd_create("blackout", 0);

	if (fd < 0)
		fail("memfd_create");
	for (int i = 0; i < FILE_BYTES; i++)
		bytes[i] = byte_of(file, i);
	if (write(fd, bytes, FILE_BYTES) != FILE_BYTES)
		fail("write memfd");
	return fd;
}

static void check_file(int fd, int file)
{
	unsigned char bytes[FILE_BYTES];

	if (pread(fd, bytes, FILE_BYTES, 0) != FILE_BYTES)
		fail("read memfd");
	for (int i = 0; i < FILE_BYTES; i++) {
		if (bytes[i] != byte_of(file, i)) {
			errno = EBADMSG;
			fail("content of a retrieved memfd");
		}
	}
}

static int open_device(void)
{
	int device = open("/dev/liveupdate", O_RDWR | O_CLOEXEC);

	if (device < 0)
		fail("/dev/liveupdate");
	return device;
}

static int session(int device, unsigned long request, const char *name)
{
	struct session_request argument = { .size = sizeof(argument), .fd = -1 };

	strncpy(argument.name, name, NAME_BYTES - 1);
	if (ioctl(device, request, &argument) < 0)
		fail(name);
	return argument.fd;
}

static int file(int session_fd, unsigned long request, uint64_t token, int fd)
{
	struct file_request argument = { .size = sizeof(argument), .fd = fd, .token = token };

	if (ioctl(session_fd, request, &argument) < 0)
		fail(request == PRESERVE_FD ? "preserve" : "retrieve");
	return argument.fd;
}

static void finish(int session_fd)
{
	struct finish_request argument = { .size = sizeof(argument) };

	if (ioctl(session_fd, FINISH, &argument) < 0)
		fail("finish");
	close(session_fd);
}

static void depart(const char *kernel, const char *command_line)
{
	struct manifest manifest = { .session = "probe.files", .files = FILES };
	int device = open_device();
	int own = session(device, CREATE_SESSION, "probe");
	int files = session(device, CREATE_SESSION, manifest.session);

	for (int i = 0; i < FILES; i++)
		file(files, PRESERVE_FD, (uint64_t)i + 1, make_file(i));

	int image = open(kernel, O_RDONLY | O_CLOEXEC);
	const unsigned long no_initrd = 4; /* KEXEC_FILE_NO_INITRAMFS */
	if (image < 0 || syscall(SYS_kexec_file_load, image, -1, strlen(command_line) + 1,
				 command_line, no_initrd) < 0)
		fail(kernel);

	int fd = memfd_create("probe-manifest", MFD_CLOEXEC);
	if (fd < 0 || write(fd, &manifest, sizeof(manifest)) != sizeof(manifest))
		fail("manifest");
	file(own, PRESERVE_FD, 0, fd);

	sync();
	mark("rebooting");
	reboot(RB_KEXEC);
	fail("reboot");
}

static void arrive(void)
{
	struct manifest manifest;
	int fds[FILES];
	int device = open_device();
	int own = session(device, RETRIEVE_SESSION, "probe");
	int fd = file(own, RETRIEVE_FD, 0, -1);

	if (pread(fd, &manifest, sizeof(manifest), 0) != sizeof(manifest) || manifest.files != FILES)
		fail("manifest");
	int files = session(device, RETRIEVE_SESSION, manifest.session);
	for (int i = 0; i < FILES; i++)
		fds[i] = file(files, RETRIEVE_FD, (uint64_t)i + 1, -1);
	mark("retrieved files=50");

	for (int i = 0; i < FILES; i++)
		check_file(fds[i], i);
	finish(files);
	finish(own);
	mark("finished");
}

static void hold(char **program)
{
	if (getenv("LISTEN_FDS") == NULL) {
		/* Anything inherited gives way, so that the numbers are known. */
		if (syscall(SYS_close_range, FIRST_FD, ~0U, 0) < 0)
			fail("close_range");
		for (int i = 0; i < FILES; i++) {
			int fd = make_file(i);
			if (fd != FIRST_FD + i) {
				errno = EBADF;
				fail("descriptor numbers");
			}
		}
	} else {
		for (int i = 0; i < FILES; i++)
			check_file(FIRST_FD + i, i);
	}
	execvp(program[0], program);
	fail(program[0]);
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "depart") == 0)
		depart(argv[2], argv[3]);
	else if (argc == 2 && strcmp(argv[1], "arrive") == 0)
		arrive();
	else if (argc >= 3 && strcmp(argv[1], "hold") == 0)
		hold(argv + 2);
	else {
		fprintf(stderr, "usage: probe depart KERNEL COMMAND-LINE | arrive | hold PROGRAM...\n");
		return 2;
	}
	return 0;
}
