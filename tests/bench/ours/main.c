// SPDX-License-Identifier: MIT
#include <stddef.h>

#include "contestant.h"
#include "ours/ours.h"

static const struct bench_role roles[] = {
	{ "call", ours_call },
	{ "call-cold", ours_call_cold },
	{ "call-crowd", ours_call_crowd },
	{ "idle-memory", ours_idle_memory },
	{ "idle-cpu", ours_idle_cpu },
	{ "queue", ours_queue },
	{ "queue-many", ours_queue_many },
	{ "queue-notified", ours_queue_notified },
	{ "queue-cold", ours_queue_cold },
	{ "completion-queue", ours_completion_queue },
	{ "completion-queue-cold", ours_completion_queue_cold },
	{ "completion-message", ours_completion_message },
	{ "completion-message-cold", ours_completion_message_cold },
	{ "find", ours_find },
	{ "walk", ours_walk },
	{ "fan", ours_fan },
	{ "registry-memory", ours_registry_memory },
	{ "crowd", ours_crowd },
	{ "watch", ours_watch },
	{ "start-private", ours_start_private },
	{ "start-user", ours_start_user },
	{ "start-embedded", ours_start_embedded },
	{ "start-lookup", ours_start_lookup },
	{ "start-true", ours_start_true },
	{ NULL, NULL },
};

int main(int argc, char **argv)
{
	return bench_play(argc, argv, roles);
}
