// SPDX-License-Identifier: MIT
/* The command `ioalloccount`: how much memory the registry's objects take. */
#include <stdio.h>
#include <sysexits.h>

#include "tools/diagnostics.h"

int main(int argc, char **argv)
{
	CFDictionaryRef diagnostics;

	if (argc > 1) {
		fputs("usage: ioalloccount\n", stderr);
		return EX_USAGE;
	}
	diagnostics = tools_diagnostics_copy("ioalloccount");
	if (!diagnostics)
		return EX_OSERR;
	tools_diagnostics_put_sums(stdout, diagnostics);
	CFRelease(diagnostics);
	if (fflush(stdout) || ferror(stdout)) {
		fputs("ioalloccount: the output could not be written\n", stderr);
		return EX_IOERR;
	}
	return EX_OK;
}
