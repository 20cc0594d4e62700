// SPDX-License-Identifier: MIT
/* The program that does nothing but say that it is there. */
#include <unistd.h>

int main(void)
{
	return write(STDOUT_FILENO, "", 1) != 1;
}
