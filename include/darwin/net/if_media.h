// SPDX-License-Identifier: MIT
/* Media words of network interfaces: kinds, subtypes and options as bits, for values of IOMediumType. */
#ifndef PORTICO_NET_IF_MEDIA_H
#define PORTICO_NET_IF_MEDIA_H

/* kinds */
#define IFM_ETHER 0x00000020
#define IFM_TOKEN 0x00000040
#define IFM_FDDI 0x00000060
#define IFM_IEEE80211 0x00000080

/* subtypes of all */
#define IFM_AUTO 0
#define IFM_MANUAL 1
#define IFM_NONE 2

/* subtypes of Ethernet */
#define IFM_10_T 3
#define IFM_10_2 4
#define IFM_10_5 5
#define IFM_100_TX 6
#define IFM_100_FX 7
#define IFM_100_T4 8
#define IFM_100_VG 9
#define IFM_100_T2 10
#define IFM_1000_SX 11
#define IFM_10_STP 12
#define IFM_10_FL 13
#define IFM_1000_LX 14
#define IFM_1000_CX 15
#define IFM_1000_T 16
#define IFM_1000_TX IFM_1000_T
#define IFM_HPNA_1 17
#define IFM_10G_SR 18
#define IFM_10G_LR 19
#define IFM_10G_CX4 20
#define IFM_10G_T 21
#define IFM_2500_T 22
#define IFM_5000_T 23

/* subtypes and an option of wireless */
#define IFM_IEEE80211_FH1 3
#define IFM_IEEE80211_FH2 4
#define IFM_IEEE80211_DS2 5
#define IFM_IEEE80211_DS5 6
#define IFM_IEEE80211_DS11 7
#define IFM_IEEE80211_DS1 8
#define IFM_IEEE80211_DS22 9
#define IFM_IEEE80211_ADHOC 0x00000100

/* options of all */
#define IFM_FDX 0x00100000
#define IFM_HDX 0x00200000
#define IFM_FLOW 0x00400000
#define IFM_EEE 0x00800000
#define IFM_FLAG0 0x01000000
#define IFM_FLAG1 0x02000000
#define IFM_FLAG2 0x04000000
#define IFM_LOOP 0x08000000

/* parts of the word */
#define IFM_NMASK 0x000000e0
#define IFM_TMASK 0x000f001f
#define IFM_IMASK 0xf0000000
#define IFM_ISHIFT 28
#define IFM_OMASK 0x0000ff00
#define IFM_GMASK 0x0ff00000

#define IFM_TYPE(x) ((x)&IFM_NMASK)
#define IFM_SUBTYPE(x) ((x)&IFM_TMASK)
#define IFM_OPTIONS(x) ((x) & (IFM_OMASK | IFM_GMASK))
#define IFM_INST(x) (((unsigned)(x)&IFM_IMASK) >> IFM_ISHIFT)
#define IFM_MAKEWORD(type, subtype, options, instance) \
	((type) | (subtype) | (options) | ((unsigned)(instance) << IFM_ISHIFT))

/* status */
#define IFM_AVALID 0x00000001
#define IFM_ACTIVE 0x00000002

#endif
