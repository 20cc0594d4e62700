/* SPDX-License-Identifier: MIT */
/*
 * Completions in great numbers. TORRENT_STREAM (asynchronous; in: how many, and
 * whether to insist) has a thread of the driver's own send that many with three
 * arguments: index, how many, and how many were refused so far. Who insists
 * sends a refused one again, else it is left out and the next has its index;
 * after the last, all have been accepted or refused. TORRENT_COUNTS (out 3):
 * accepted, refused, threads that run.
 */
#pragma once

enum { TORRENT_STREAM, TORRENT_COUNTS };
