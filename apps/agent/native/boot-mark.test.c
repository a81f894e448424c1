/* Says for each argument whether it has the mark. For arrive.spec.ts. */
#include "boot-mark.h"

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		puts(has_mark(argv[i]) ? "yes" : "no");
	return 0;
}
