/*
 * Whether a kernel command line says that one of our live updates booted this kernel. Stricter than the agent
 * (apps/agent/src/backend/kernel/command-line.ts): in doubt the answer is no, and the agent looks for itself.
 */
#ifndef BOOT_MARK_H
#define BOOT_MARK_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/*
 * "luofleet.update=ID/ATTEMPT/GENERATION", the last one, where no quote and no "--" can give it another meaning. Writes to
 * the line.
 */
static bool has_mark(char *line)
{
	static const char mark[] = "luofleet.update=";
	bool found = false;

	if (strchr(line, '"') != NULL)
		return false;
	for (char *word = strtok(line, " \t\r\n\v\f"); word != NULL; word = strtok(NULL, " \t\r\n\v\f")) {
		int length = 0;

		if (strcmp(word, "--") == 0)
			break;
		if (strncmp(word, mark, sizeof(mark) - 1) != 0)
			continue;
		word += sizeof(mark) - 1;
		sscanf(word, "%*[^/]/%*[0-9]/%*[0-9]%n", &length);
		found = length > 0 && word[length] == '\0';
	}
	return found;
}

#endif
