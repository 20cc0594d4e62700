// SPDX-License-Identifier: MIT
/* Link-level addresses in macOS's layout. Linux's getifaddrs gives sockaddr_ll (netpacket/packet.h) instead. */
#ifndef PORTICO_NET_IF_DL_H
#define PORTICO_NET_IF_DL_H

#include <sys/types.h>

struct sockaddr_dl {
	unsigned char sdl_len;
	unsigned char sdl_family;
	unsigned short sdl_index;
	unsigned char sdl_type; /* IFT_ of net/if_types.h */
	unsigned char sdl_nlen; /* bytes of the name, which comes first in sdl_data */
	unsigned char sdl_alen; /* bytes of the address, which follows it */
	unsigned char sdl_slen;
	char sdl_data[12];
};

#define LLADDR(s) ((caddr_t)((s)->sdl_data + (s)->sdl_nlen))

#endif
