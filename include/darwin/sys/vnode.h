// SPDX-License-Identifier: MIT
/* Kinds of files, as events of the file system name them. */
#ifndef PORTICO_SYS_VNODE_H
#define PORTICO_SYS_VNODE_H

enum vtype { VNON, VREG, VDIR, VBLK, VCHR, VLNK, VSOCK, VFIFO, VBAD, VSTR, VCPLX };

enum vtagtype {
	VT_NON,
	VT_UFS,
	VT_NFS,
	VT_MFS,
	VT_MSDOSFS,
	VT_LFS,
	VT_LOFS,
	VT_FDESC,
	VT_PORTAL,
	VT_NULL,
	VT_UMAP,
	VT_KERNFS,
	VT_PROCFS,
	VT_AFS,
	VT_ISOFS,
	VT_MOCKFS,
	VT_HFS,
	VT_ZFS,
	VT_DEVFS,
	VT_WEBDAV,
	VT_UDF,
	VT_AFP,
	VT_CDDA,
	VT_CIFS,
	VT_OTHER,
	VT_APFS
};

#endif
