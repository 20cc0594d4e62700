// SPDX-License-Identifier: MIT
/* The tools as a user runs them: portico run, start, status, stop, cc; ioreg. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

/* Run a shell command with $P = build/bin and return its exit status; output is in OUT. */
static int shell(char *out, size_t size, const char *command)
{
	char line[4096], seconds[16];
	size_t n = 0;

	setenv("P", test_built("bin"), 1);
	setenv("B", getenv("PORTICO_BUILD"), 1);
	setenv("T", test_folder(), 1);
	snprintf(line, sizeof(line), "{ %s\n} 2>&1", command);
	setenv("COMMAND", line, 1);
	/* What waits in vain ends, with what it has said so far. */
	snprintf(seconds, sizeof(seconds), "%u", test_patience_s());
	setenv("PATIENCE", seconds, 1);
	FILE *f = popen("timeout -k 5 $PATIENCE sh -c \"$COMMAND\"", "re");
	test_true(f != NULL);
	while (n + 1 < size) {
		size_t got = fread(out + n, 1, size - 1 - n, f);

		if (!got)
			break;
		n += got;
	}
	out[n] = 0;
	int status = pclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void wants(const char *command, int status, const char *text)
{
	char out[1 << 20];
	int got = shell(out, sizeof(out), command);

	if (got != status || !strstr(out, text))
		test_fail(__FILE__, __LINE__,
			  "%s\nstatus %d (expected %d; 124: it did not end), text \"%s\" in "
			  "output:\n%.3000s",
			  command, got, status, text, out);
}

TEST(run_gives_the_status_of_its_command)
{
	wants("$P/portico run -- true; echo status $?", 0, "status 0");
	wants("$P/portico run -- sh -c 'exit 42'", 42, "");
	wants("$P/portico run -- sh -c 'kill -TERM $$'", 143, "");
	wants("$P/portico run -- /no/such/program", 127, "/no/such/program");
	wants("PATH=/usr/bin:/bin $P/portico run -- sh -c 'portico status && ioreg'", 0,
	      "+-o Root");
	wants("env -u PATH $P/portico run --in-process -- ioreg", 0, "+-o Root");
	wants("$P/portico run --in-process -- sh -c 'exit 3'", 3, "");
	wants("$P/portico run --verbose --no-bridge -- true", 0, "info: ");
}

TEST(run_hands_signals_to_its_command)
{
	wants("$P/portico run --no-bridge --no-default-drivers -- sh -c '"
	      "trap \"echo told; exit 7\" TERM; echo >$T/ready; while :; do sleep 0.01; done' & "
	      "until [ -e $T/ready ]; do sleep 0.01; done; kill -TERM $!; wait $!",
	      7, "told");
}

/* A session's processes end a moment after the tool has answered or the program of an embedded
 * session has exited. They were adopted by this process. */
static void await_adopted(void)
{
	while (waitpid(-1, NULL, 0) > 0)
		;
}

/* What a program knows of a session that has ended is nothing in the next one. */
TEST(run_goes_on_when_nobody_reads_its_messages)
{
	wants("mkfifo $T/p; exec 7<>$T/p; "
	      "$P/portico run --verbose --no-bridge --no-default-drivers -- sh -c '"
	      "dd of=$T/p oflag=nonblock if=/dev/zero bs=1 2>&1 | grep unavailable; "
	      "kill -9 $($P/portico status | sed -n \"s/^PID: //p\"); "
	      "until $P/portico status >$T/out 2>&1; do sleep 0.01; done; echo it goes on' 2>$T/p",
	      0, "it goes on");
}

TEST(entries_of_two_sessions_at_a_place_have_different_ids)
{
	/* One driver: of several any may be the first. */
	wants("mkdir -m 700 $T/r $T/d; ln -s $P/../drivers/Mirror.dext $T/d; "
	      "export XDG_RUNTIME_DIR=$T/r; for i in 1 2; do $P/portico start "
	      "--no-bridge --no-default-drivers --drivers $T/d >/dev/null; "
	      "$P/ioreg -w0 -rc MirrorDriver | grep -o '^+-o MirrorDriver.*id 0x[0-9a-f]*'; "
	      "$P/portico stop >/dev/null; done | sort -u | wc -l",
	      0, "2\n");
	await_adopted();
}

/* Nobody comes to it from elsewhere; drivers start one after the other here. */
TEST(a_private_session_numbers_its_entries_as_the_last_one_did)
{
	wants("mkdir $T/d; ln -s $P/../drivers/Mirror.dext $T/d; "
	      "for m in '' '' --in-process --in-process; do "
	      "$P/portico run $m --no-bridge --no-default-drivers --drivers $T/d -- "
	      "$P/ioreg -w0 -rc MirrorDriver | grep -o '^+-o MirrorDriver.*id 0x[0-9a-f]*'; done | "
	      "sort -u | wc -l",
	      0, "1\n");
}

TEST(run_leaves_nothing_behind)
{
	wants("mkdir $T/r; XDG_RUNTIME_DIR=$T/r $P/portico run -- $P/ioreg -r -c CalculatorDriver; "
	      "find $T/r -mindepth 1 | wc -l",
	      0, "\n0\n");
	/* Nor when its registry was killed until it was given up. */
	wants("XDG_RUNTIME_DIR=$T/r $P/portico run --no-bridge -- sh -c '"
	      "until grep -q \"not started again\" $T/e; do "
	      "p=$($P/portico status 2>/dev/null | sed -n \"s/^PID: //p\"); kill -9 $p; "
	      "done 2>/dev/null; ls $XDG_RUNTIME_DIR/*/*.hosts | grep -c [0-9]' 2>$T/e; "
	      "find $T/r -mindepth 1 | wc -l; "
	      "for h in $(pgrep -f portico-host.*$T/r); do ps -o stat= $h; done | grep -c ^[RSD]; "
	      "exit 0",
	      0, "3\n0\n0\n");
	wants("XDG_RUNTIME_DIR=$T/r $P/portico run -- $P/portico unload org.portico.driver.Mirror; "
	      "find $T/r -mindepth 1 | wc -l",
	      0, "\n0\n");
}

TEST(errors_say_what_to_do)
{
	wants("$P/portico", 64, "help");
	wants("$P/portico nonsense", 64, "nonsense");
	wants("$P/portico run --nonsense -- true", 64, "--nonsense");
	wants("$P/portico --help", 0, "run");
	wants("$P/portico run --help", 0, "--in-process");
	wants("$P/ioreg -Z", 64, "usage");
	wants("PORTICO_SESSION=/no/such/socket $P/portico status", 1, "/no/such/socket");
}

TEST(a_full_disk_or_a_missing_folder_is_named)
{
	wants("XDG_RUNTIME_DIR=$T/none $P/portico start", 1, "must name an existing folder");
	if (system("unshare -rm mount -t tmpfs tmpfs /mnt 2>/dev/null"))
		return; /* no user namespaces here */
	wants("mkdir $T/f; unshare -rm sh -c 'mount -t tmpfs -o nr_inodes=1,mode=700 tmpfs $T/f && "
	      "XDG_RUNTIME_DIR=$T/f $P/portico start'",
	      1, "free some space");
	wants("mkdir $T/g; unshare -rm sh -c 'mount -t tmpfs -o nr_inodes=2,mode=700 tmpfs $T/g && "
	      "XDG_RUNTIME_DIR=$T/g $P/portico start'",
	      1, "free some space");
}

TEST(start_status_stop)
{
	wants("mkdir -m 700 $T/r; export XDG_RUNTIME_DIR=$T/r; $P/portico start && $P/portico "
	      "status && "
	      "$P/ioreg -r -c CalculatorDriver && $P/portico stop; s=$?; $P/portico status; exit "
	      "$s",
	      0, "CalculatorDriver");
	await_adopted();
}

/* Whose it is none of them can say for sure: a registry answers while another one ends that was later. */
TEST(of_many_that_start_at_once_all_have_one)
{
	wants("mkdir -m 700 $T/r; export XDG_RUNTIME_DIR=$T/r; unset PORTICO_SESSION; "
	      "for i in 1 2 3 4 5 6 7 8; do "
	      "$P/portico start --no-bridge --no-default-drivers >$T/out$i 2>&1 || echo failed & "
	      "done; wait; cat $T/out* | grep -Ec 'is running already|session started'; "
	      "grep -l failed $T/out*; $P/portico stop",
	      0, "8\nsession at ");
	await_adopted();
}

TEST(a_session_that_does_not_start_has_said_why_in_its_log)
{
	wants("mkdir -m 700 $T/r; mkdir -p $T/b/bin; ln -s $B/lib $T/b/lib; cp $P/portico "
	      "$T/b/bin; "
	      "export XDG_RUNTIME_DIR=$T/r; unset PORTICO_SESSION; $T/b/bin/portico start; s=$?; "
	      "grep -l porticod $T/r/portico/*.log; exit $s",
	      1, "the session did not start; its messages are in ");
}

TEST(a_run_that_is_killed_leaves_no_folder)
{
	wants("mkdir $T/r; export XDG_RUNTIME_DIR=$T/r; "
	      "$P/portico run --no-bridge -- sh -c 'kill -9 $PPID'; "
	      "while [ -n \"$(ls $T/r)\" ]; do sleep 0.01; done; echo gone",
	      0, "gone");
	await_adopted();
}

/* A host that is stopped does not end by itself. */
TEST(a_session_of_run_that_is_stopped_stays_away)
{
	wants("$P/portico run --no-bridge --no-default-drivers -- sh -c '"
	      "p=$($P/portico status | sed -n \"s/^PID: //p\"); $P/portico stop; "
	      "while kill -0 $p 2>/dev/null; do :; done; $P/portico status; exit 9'",
	      9, "the session that PORTICO_SESSION names has ended");
}

TEST(a_session_whose_folder_is_removed_ends)
{
	wants("mkdir -m 700 $T/r; export XDG_RUNTIME_DIR=$T/r; unset PORTICO_SESSION; "
	      "$P/portico start --no-bridge; p=$($P/portico status | sed -n 's/^PID: //p'); "
	      "rm -r $T/r/portico; $P/portico start --no-bridge; "
	      "while kill -0 $p 2>/dev/null; do sleep 0.01; done; "
	      "ls -d $T/r/portico/registry.sock.hosts/[0-9]* | wc -l; "
	      "$P/ioreg -rc MirrorDriver | grep -o 'o MirrorDriver'; $P/portico stop",
	      0, "\n3\no MirrorDriver\nsession");
	await_adopted();
}

TEST(who_waits_for_a_stopped_registry_is_told)
{
	wants("mkdir -m 700 $T/r; export XDG_RUNTIME_DIR=$T/r; unset PORTICO_SESSION; "
	      "$P/portico start --no-bridge; p=$($P/portico status | sed -n 's/^PID: //p'); "
	      "kill -STOP $p; $P/ioreg -rc MirrorDriver >$T/out 2>$T/err & "
	      "s=\"s/$p/PID/g; s,$T/r/portico/registry.sock,PATH,\"; "
	      "$P/portico start 2>&1 | sed \"$s\"; "
	      "until grep -q . $T/err; do sleep 0.01; done; sed \"$s\" $T/err; "
	      "kill -CONT $p; wait; grep -o 'o MirrorDriver' $T/out; $P/portico stop",
	      0,
	      "portico start: the server at PATH did not answer within ten seconds; its process "
	      "(pid PID) is stopped: kill -CONT PID lets it go on\n"
	      "ioreg: the registry at PATH does not answer; its process (pid PID) is stopped: "
	      "kill -CONT PID lets it go on\n"
	      "o MirrorDriver\n");
	await_adopted();
}

TEST(what_is_missing_of_the_system_is_named)
{
	if (system("unshare -rm mount -t tmpfs tmpfs /mnt 2>/dev/null"))
		return; /* no user namespaces here */
	/* Sanitizers do not get far without it. */
	if (!test_is_slow())
		wants("unshare -rm sh -c 'mount -t tmpfs tmpfs /proc && LD_LIBRARY_PATH=$B/lib "
		      "PORTICO_NO_BRIDGE=1 PORTICO_SESSION=embedded $P/ioreg'",
		      1, "/proc is not mounted");
	/* Whoever reads what it says reads the end. */
	wants("mkdir -m 700 $T/r; export XDG_RUNTIME_DIR=$T/r; unset PORTICO_SESSION; "
	      "unshare -rm sh -c 'mount -t tmpfs tmpfs /dev && $P/portico start --no-bridge "
	      "--no-default-drivers | cat && $P/portico stop'",
	      0, "session started");
	await_adopted();
}

TEST(a_stopped_session_makes_room_for_the_next)
{
	wants("mkdir -m 700 $T/r; export XDG_RUNTIME_DIR=$T/r; unset PORTICO_SESSION; "
	      "$P/portico start --no-bridge; "
	      "p=$($P/portico status | sed -n 's/^PID: //p'); "
	      "kill -STOP $($P/portico list | awk '/Mirror/ && / up/ { print $2 }'); "
	      "$P/portico stop; grep -s '^State:.*[RSDT] ' /proc/$p/status; "
	      "$P/portico start --no-bridge && $P/portico stop",
	      0, "ended\nsession started");
	await_adopted();
}

TEST(a_session_that_was_stopped_takes_nothing_along)
{
	wants("mkdir -m 700 $T/r; export XDG_RUNTIME_DIR=$T/r; unset PORTICO_SESSION; "
	      "$P/portico start --no-bridge --no-default-drivers; "
	      "p=$(sed 's/.*) . //; s/ .*//' /proc/$($P/portico status | sed -n 's/^PID: "
	      "//p')/stat); "
	      "kill -STOP $p; $P/portico stop; $P/portico start --no-bridge --no-default-drivers; "
	      "kill -CONT $p; until grep -q '^State:.*Z' /proc/$p/status; do :; done; "
	      "$P/portico status >/dev/null && $P/portico stop",
	      0, "ended\n");
	await_adopted();
}

/* The registry has died, and its supervisor starts another: that one is stopped. */
TEST(a_session_whose_registry_has_just_died_is_stopped)
{
	wants("mkdir -m 700 $T/r; export XDG_RUNTIME_DIR=$T/r; unset PORTICO_SESSION; "
	      "$P/portico start --no-bridge --no-default-drivers; "
	      "r=$($P/portico status | sed -n 's/^PID: //p'); "
	      "p=$(sed 's/.*) . //; s/ .*//' /proc/$r/stat); "
	      "kill -STOP $p; kill -9 $r; $P/portico stop & sleep 0.1; kill -CONT $p; wait $!",
	      0, "ended\n");
	await_adopted();
}

/* The registry dies, somebody starts a session before its supervisor has looked. */
TEST(a_session_whose_place_was_taken_leaves_it)
{
	wants("mkdir -m 700 $T/r; export XDG_RUNTIME_DIR=$T/r; unset PORTICO_SESSION; "
	      "$P/portico start --no-bridge --no-default-drivers; "
	      "r=$($P/portico status | sed -n 's/^PID: //p'); "
	      "p=$(sed 's/.*) . //; s/ .*//' /proc/$r/stat); "
	      "kill -STOP $p; kill -9 $r; $P/portico start --no-bridge --no-default-drivers; "
	      "kill -CONT $p; until grep -q '^State:.*Z' /proc/$p/status; do :; done; "
	      "test -S $T/r/portico/registry.sock && $P/portico stop",
	      0, "ended\n");
	await_adopted();
}

TEST(a_registry_that_dies_too_often_is_given_up_in_the_log)
{
	wants("export XDG_RUNTIME_DIR=$T; unset PORTICO_SESSION; $P/portico start --no-bridge "
	      "--no-default-drivers >$T/out; for i in 1 2 3 4 5 6; do "
	      "kill -9 $($P/portico status | sed -n 's/^PID: //p'); "
	      "until [ $i = 6 ] || $P/portico status >$T/out 2>&1; do :; done; done; "
	      "until grep -h 'not started again' $T/portico/porticod.log; do sleep 0.01; done",
	      0, "porticod died 6 times");
	await_adopted();
}

TEST(a_log_that_is_none_is_not_waited_for)
{
	wants("export XDG_RUNTIME_DIR=$T; unset PORTICO_SESSION; mkdir -m 700 $T/portico; "
	      "mkfifo $T/portico/porticod.log; timeout 5 $P/portico start --no-bridge "
	      "--no-default-drivers && $P/portico stop",
	      0, "session started");
	await_adopted();
}

TEST(a_session_holds_nothing_of_who_started_it)
{
	wants("mkdir -m 700 $T/r; export XDG_RUNTIME_DIR=$T/r; exec 7>$T/lock; flock 7; "
	      "$P/portico start --no-bridge; exec 7>&-; flock -n $T/lock echo the lock is free; "
	      "$P/portico stop",
	      0, "the lock is free");
	await_adopted();
}

TEST(output_that_cannot_be_written_is_a_failure)
{
	wants("$P/portico help >/dev/full", 1, "could not be written");
	wants("$P/portico run -- $P/portico status >/dev/full", 1, "could not be written");
	wants("$P/portico run -- $P/ioreg >/dev/full", 1, "could not be written");
}

TEST(restart_replaces_the_registry)
{
	wants("export XDG_RUNTIME_DIR=$T; unset PORTICO_SESSION; $P/portico start --no-bridge && "
	      "$P/portico list | grep Mirror >$T/before && "
	      "for i in 1 2 3 4 5 6 7; do $P/portico restart || exit 1; done; "
	      "$P/portico status | grep 'Generation: 7' && $P/ioreg -c MirrorDriver | grep -q "
	      "Mirror && "
	      "$P/portico list | grep Mirror >$T/after && cmp $T/before $T/after && echo the same "
	      "host; "
	      "$P/portico stop",
	      0, "the same host");
	/* Hosts whose registry has made way are ours to wait for; all of them end with the session. */
	while (waitpid(-1, NULL, __WALL) > 0)
		;
	/* One that comes back late is waited for. */
	wants("export XDG_RUNTIME_DIR=$T; unset PORTICO_SESSION; $P/portico start --no-bridge && "
	      "p=$(pgrep -f \"portico-host.*Mirror.*$T\") && kill -STOP $p && "
	      "{ (sleep 0.5; kill -CONT $p) & } && $P/portico restart && "
	      "$P/ioreg -c MirrorDriver | grep MirrorDriver; s=$?; $P/portico stop; exit $s",
	      0, "MirrorDriver");
	while (waitpid(-1, NULL, __WALL) > 0)
		;
	wants("export XDG_RUNTIME_DIR=$T; unset PORTICO_SESSION; $P/portico restart", 1, "portico");
	wants("$P/portico restart x", 64, "unexpected argument");
}

TEST(classes_and_memory_are_counted)
{
	wants("$P/portico run -- $P/ioclasscount", 0, "IORegistryEntry = ");
	wants("$P/portico run -- $P/ioclasscount | head -1", 0, "AppleACPI");
	wants("$P/portico run -- $P/ioclasscount IOResources NoSuchClass", 0,
	      "IOResources = 1, NoSuchClass = <no such class>\n");
	wants("$P/portico run -- $P/ioclasscount --nonsense", 1, "usage: ioclasscount");
	wants("$P/portico run -- $P/ioclasscount --track", 1, "need DEVELOPMENT kernel");
	wants("$P/portico run -- $P/ioalloccount", 0, "   Instance allocation = 0x0000");
	wants("$P/portico run -- $P/ioalloccount x", 64, "usage: ioalloccount");
	wants("PORTICO_SESSION=/nonexistent $P/ioclasscount", 71, "portico run");
}

TEST(policy_is_checked_and_explained)
{
	wants("$P/portico policy", 64, "portico policy --help");
	wants("$P/portico policy nonsense", 64, "nonsense");
	wants("$P/portico policy --help", 0, "explain SERVICE");
	wants("$P/portico policy check", 64, "check needs files");
	wants("printf '[Grant a]\\nEntitlement = e\\nAllow = owner\\n' > $T/good; chmod 600 "
	      "$T/good; "
	      "$P/portico policy check $T/good && echo fine",
	      0, "fine");
	wants("printf '[Grant a]\\nEntitlement = e\\nAlow = owner\\n' > $T/bad; chmod 600 $T/bad; "
	      "$P/portico policy check $T/good $T/bad",
	      1, "/bad:3: error: there is no key \"Alow\"");
	wants("$P/portico policy check $T/good $T/bad | grep -c /good", 1, "0\n");
	wants("$P/portico policy check $T/nowhere", 1, "/nowhere: error: it is not there");
	wants("chmod 622 $T/good; $P/portico policy check $T/good", 1, "others may write it");
	wants("chmod 600 $T/good; mkdir $T/d; cp -p $T/good $T/bad $T/d; "
	      "$P/portico policy check $T/d",
	      1, "/d/bad:3: error");
	wants("PORTICO_POLICY=$T/good:$T/bad $P/portico run -- $P/portico policy files --json "
	      "2>/dev/null | python3 -c 'import json, sys; f = json.load(sys.stdin); "
	      "print(sorted(f), len(f[\"Paths\"]))'",
	      0, "['Paths', 'Problems'] 2");
	wants("PORTICO_POLICY=$T/good:$T/bad $P/portico run -- $P/portico policy files 2>&1", 0,
	      "/bad:3: there is no key");
	wants("$P/portico run -- $P/portico policy denials", 0, "Nothing was denied.");
	wants("$P/portico run -- $P/portico policy explain CalculatorDriver", 0, "Result: yes");
	wants("$P/portico run -- $P/portico policy explain CalculatorDriver --as 4242", 0,
	      "    Allow = uid:4242");
	wants("$P/portico run -- $P/portico policy explain CalculatorDriver --as no-such-user", 1,
	      "there is no user no-such-user");
	wants("$P/portico run -- $P/portico policy explain CalculatorDriver --unit x.service --app "
	      "a "
	      "--label l --type 3 --json",
	      0, "label l, unit x.service, app a");
	wants("$P/portico run -- $P/portico policy explain --as", 64, "--as needs a value");
	wants("$P/portico run -- $P/portico policy explain", 64, "explain needs a service");
	wants("$P/portico run -- $P/portico policy revoke", 64, "--service or --user");
	wants("$P/portico run -- $P/portico policy revoke --service CalculatorDriver --user root",
	      0, "0 connections ended");
}

/* Words of a device tree: 0x00000031 1, 5; slots 0 and 2; 0xc2000810 0 0x80000000 0 0x1000. */
TEST(ioreg_explains_properties_of_firmware)
{
	wants("mkdir $T/d; cp -r $B/drivers/Calculator.dext $T/d; "
	      "sed -i 's|<key>IOClass</key>|"
	      "<key>interrupts</key><data>MQAAAAEAAAAFAAAA</data>"
	      "<key>slot-names</key><data>BQAAAEEAQgA=</data>"
	      "<key>assigned-addresses</key><data>EAgAwgAAAAAAAACAAAAAAAAQAAA=</data>"
	      "&|' $T/d/Calculator.dext/Info.plist; "
	      "$P/portico run --drivers $T/d -- $P/ioreg -f -w0 -r -c CalculatorDriver > $T/o; "
	      "grep -c -e '00: specifier: 00000031 (vector: 31) sense: 00000001 (level)' "
	      "-e '01: parent interrupt-map entry: 00000005' -e '    00: A$' -e '    02: B$' "
	      "-e '00: phys.hi: c2000810 phys.mid: 00000000 phys.lo: 80000000' "
	      "-e 'size.hi: 00000000 size.lo: 00001000' -e 'bus: 0 dev: 1 func: 0 reg: 16' "
	      "-e 'type: Mem flags: abs, prefetch' $T/o",
	      0, "8\n");
}

TEST(ioreg_shows_the_tree)
{
	wants("$P/portico run -- $P/ioreg -w 0", 0,
	      "+-o CalculatorDriver  <class CalculatorDriver, id 0x");
	wants("$P/portico run -- $P/ioreg -w 0 -l", 0, "\"Operations\" = (\"add\",\"divide\"");
	wants("$P/portico run -- $P/ioreg -a -r -c CalculatorDriver", 0, "<key>Operations</key>");
	wants("$P/portico run -- $P/ioreg -rd1 -c IOPlatformExpertDevice", 0,
	      "class IOPlatformExpertDevice");
}

TEST(ioreg_cuts_its_lines_at_the_edge_of_the_terminal)
{
	struct winsize size = { .ws_row = 25, .ws_col = 60 };
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	char line[512], command[600];
	int longest = 0;

	test_true(terminal >= 0 && !grantpt(terminal) && !unlockpt(terminal));
	test_equal(ioctl(terminal, TIOCSWINSZ, &size), 0);
	snprintf(command, sizeof(command), "$P/portico run --no-bridge -- $P/ioreg -l >%s",
		 ptsname(terminal));
	FILE *f = fdopen(terminal, "r");
	pid_t pid = fork();
	if (!pid)
		_exit(shell(line, sizeof(line), command));
	while (fgets(line, sizeof(line), f)) {
		int n = (int)strcspn(line, "\r\n");

		longest = n > longest ? n : longest;
	}
	fclose(f);
	int status;
	test_equal(waitpid(pid, &status, 0), pid);
	test_equal(status, 0);
	test_equal(longest, 60);
}

static const char *const client =
	"#include <stdio.h>\n"
	"#include <CoreFoundation/CoreFoundation.h>\n"
	"#include <IOKit/IOKitLib.h>\n"
	"int main(void)\n"
	"{\n"
	"	io_service_t s = IOServiceGetMatchingService(kIOMasterPortDefault, "
	"IOServiceMatching(\"CalculatorDriver\"));\n"
	"	io_connect_t c;\n"
	"	uint64_t in[2] = { 40, 2 }, out[1];\n"
	"	uint32_t n = 1;\n"
	"	kern_return_t kr = s ? IOServiceOpen(s, mach_task_self(), 0, &c) : "
	"kIOReturnNoDevice;\n"
	"	if (!kr)\n"
	"		kr = IOConnectCallScalarMethod(c, 0, in, 2, out, &n);\n"
	"	if (kr)\n"
	"		return 1;\n"
	"	CFStringRef text = CFStringCreateWithFormat(NULL, NULL, CFSTR(\"sum %llu\"), "
	"(unsigned long long)out[0]);\n"
	"	CFShow(text);\n"
	"	printf(\"sum %llu\\n\", (unsigned long long)out[0]);\n"
	"	CFRelease(text);\n"
	"	IOServiceClose(c);\n"
	"	IOObjectRelease(s);\n"
	"	return 0;\n"
	"}\n";

/* What a program needs for libraries that are built like this test. */
#if defined(__SANITIZE_ADDRESS__)
static const char *const instrumentation = "-fsanitize=address,undefined";
#elif defined(__SANITIZE_THREAD__)
static const char *const instrumentation = "-fsanitize=thread";
#else
static const char *const instrumentation = "";
#endif

TEST(cc_builds_an_unmodified_client_that_runs_in_every_session)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/client.c", test_folder());
	FILE *f = fopen(path, "we");
	fputs(client, f);
	fclose(f);
	setenv("S", instrumentation, 1);
	/* Libraries that gcc instrumented go with programs that gcc instrumented. */
	for (int i = 0; i < (*instrumentation ? 1 : 2); i++) {
		setenv("PORTICO_CC", i ? "clang" : "gcc", 1);
		wants("$P/portico cc $S -Wall -framework IOKit -framework CoreFoundation -o "
		      "$T/client $T/client.c",
		      0, "");
		wants("$P/portico run -- $T/client", 0, "sum 42");
		wants("$P/portico run --in-process -- $T/client", 0, "sum 42");
		wants("cd $T && XDG_RUNTIME_DIR=$T/none ./client", 0, "sum 42");
		wants("$P/portico cc $S -c -o $T/client.o $T/client.c && $P/portico cc $S -o "
		      "$T/client2 $T/client.o "
		      "-framework IOKit -framework CoreFoundation && $P/portico run -- $T/client2",
		      0, "sum 42");
	}
	wants("PORTICO_SESSION=$T/none/sock $T/client", 1,
	      "none/sock: no session is there; start it");
	wants("i=$($P/portico cc --print -c a.c | sed 's,.*-isystem \\([^ ]*\\)/client .*,\\1,') "
	      "&& "
	      "mkdir -p $T/include && ln -s $i $T/include/portico && "
	      "gcc $S -Wall -o $T/client3 $T/client.c $(PKG_CONFIG_PATH=$B/meson-private "
	      "pkg-config "
	      "--define-variable=includedir=$T/include --define-variable=libdir=$B/lib --cflags "
	      "--libs "
	      "iokit) && $P/portico run -- $T/client3",
	      0, "sum 42");
	await_adopted();
}

TEST(a_loaded_driver_is_there_when_load_returns_and_gone_after_unload)
{
	wants("$P/portico run --no-default-drivers -- sh -c '$P/portico load "
	      "$B/drivers/Calculator.dext && "
	      "$P/ioreg -r -c CalculatorDriver && $P/portico list && "
	      "$P/portico unload org.portico.driver.Calculator && $P/ioreg -w0 | grep -c "
	      "CalculatorDriver; exit 0'",
	      0, "<class CalculatorDriver");
	wants("$P/portico run -- $P/portico load /no/such/bundle", 1, "/no/such/bundle");
	wants("$P/portico run -- $P/portico unload no.such.bundle", 1, "no.such.bundle");
}

TEST(a_folder_is_loaded_but_for_what_is_wrong_in_it)
{
	wants("mkdir -p $T/d/Bad.dext; cp -r $B/drivers/Calculator.dext $T/d; "
	      "$P/portico run --no-default-drivers --no-bridge -- sh -c '"
	      "$P/portico load $T/d; echo status $?; $P/portico list'",
	      0, "portico load: ");
	wants("$P/portico run --no-default-drivers --no-bridge -- sh -c '"
	      "$P/portico load $T/d; echo status $?; $P/portico list'",
	      0, "/d/Bad.dext: cannot read Info.plist: No such file or directory\nstatus 1\n");
	wants("$P/portico run --no-default-drivers --no-bridge -- sh -c '"
	      "$P/portico load $T/d; $P/portico list'",
	      0, " up ");
	wants("mkdir $T/d/Worse.dext; $P/portico run --no-default-drivers --no-bridge -- "
	      "$P/portico load $T/d",
	      1, "directory (and 1 more)\n");
}

TEST(what_a_new_user_is_told)
{
	wants("$B/bin/ioreg --help", 64, "ioreg: its options have one letter each\nusage: ");
	wants("$P/portico help --help", 0, "usage: portico COMMAND");
	wants("export XDG_RUNTIME_DIR=$T; unset PORTICO_SESSION; $P/portico start --no-bridge && "
	      "$P/portico start --drivers $B/drivers; $P/portico stop",
	      0, "portico start: the options change nothing in it");
	await_adopted();
}

TEST(declared_files_that_are_not_there_are_named)
{
	if (test_is_slow())
		test_skip("sanitizers do without a sandbox");
	wants("mkdir $T/d; cp -r $B/drivers/Mirror.dext $T/d; sed -i '0,/<dict>/s//"
	      "<dict><key>PorticoSandbox<\\/key><dict><key>Devices<\\/key><array>"
	      "<string>\\/dev\\/no-such-tty<\\/string><\\/array><\\/dict>/' "
	      "$T/d/Mirror.dext/Info.plist; "
	      "$P/portico run --verbose --no-default-drivers --no-bridge --drivers $T/d -- true",
	      0, "org.portico.driver.Mirror: /dev/no-such-tty, which is declared, is not there");
}

TEST(a_folder_without_bundles_is_no_success)
{
	wants("mkdir $T/empty; $P/portico run --no-default-drivers --no-bridge -- "
	      "$P/portico load $T/empty 2>&1",
	      1, "/empty: there are no driver bundles (Name.dext) in it\n");
	wants("$P/portico run --no-default-drivers --no-bridge --drivers $T/empty -- echo done "
	      "2>&1",
	      0, "/empty: there are no driver bundles (Name.dext) in it\ndone\n");
	wants("$P/portico run --no-bridge --drivers $B/drivers/Mirror.dext -- true", 64,
	      "Mirror.dext: give the folder that holds the bundles");
}

TEST(load_fails_when_the_host_cannot_use_the_code)
{
	wants("cp -r $B/drivers/Mirror.dext $T; cp /bin/true $T/Mirror.dext/Mirror.so; "
	      "$P/portico run --no-default-drivers --no-bridge -- "
	      "$P/portico load $T/Mirror.dext",
	      1, "/Mirror.dext: its host cannot load it; the session's log says why\n");
	wants("mkdir $T/d; cp -r $B/drivers/Calculator.dext $B/drivers/Mirror.dext $T/d; "
	      "sed -i s/CalculatorDriver/NoSuchDriver/ $T/d/Calculator.dext/Info.plist; "
	      "$P/portico run --no-default-drivers --no-bridge -- $P/portico load $T/d",
	      1,
	      "/Calculator.dext: its code has no class NoSuchDriver, which its personality "
	      "Calculator names\n");
	wants("$P/portico run --no-default-drivers --no-bridge --drivers $T/d -- $P/portico list",
	      0, "Calculator.dext  not used: its code has no class NoSuchDriver");
}

/* A driver whose start does BODY, in $T/d/One.dext. */
#define DRIVER(body) \
	"mkdir -p $T/d/One.dext; cp $B/drivers/Mirror.dext/Info.plist $T/d/One.dext; " \
	"sed -i s/MirrorDriver/OneDriver/ $T/d/One.dext/Info.plist; " \
	"printf '#include <stdlib.h>\n#include <IOKit/IODriver.h>\n" \
	"static bool start(IOService *s, IOService *p) { " body " }\n" \
	"static const struct IODriverClass class = { .name = \"OneDriver\", " \
	".superclass = &IOServiceBase, .instanceSize = sizeof(IOService), " \
	".service = &(const struct IOServiceOperations){ .start = start } };\n" \
	"static const struct IODriverClass *const classes[] = { &class, NULL };\n" \
	"const struct IODriver portico_driver = { .version = IODRIVER_VERSION, " \
	".identifier = \"x\", .classes = classes };\n' >$T/one.c; " \
	"$P/portico cc --driver -o $T/d/One.dext/Mirror.so $T/one.c && "

TEST(load_fails_when_the_driver_crashes_as_it_starts)
{
	if (test_is_slow())
		test_skip("portico cc knows nothing of sanitizers");
	wants(DRIVER("abort();") "$P/portico run --no-default-drivers --no-bridge -- "
				 "$P/portico load $T/d",
	      1, "/One.dext: its host has crashed; the session's log says how\n");
}

TEST(a_start_that_fails_is_told_to_whoever_asks)
{
	if (test_is_slow())
		test_skip("portico cc knows nothing of sanitizers");
	wants(DRIVER("return false;") "$P/portico run --verbose --no-default-drivers --no-bridge "
				      "--drivers $T/d -- true",
	      0, "OneDriver is not there: its start has failed");
}

/* Only what fits is loaded into a host at all; the next load of a repaired one succeeds. */
TEST(load_succeeds_when_the_class_is_there_again)
{
	wants("mkdir $T/d; cp -r $B/drivers/Calculator.dext $T/d; "
	      "sed -i s/CalculatorDriver/NoSuchDriver/ $T/d/Calculator.dext/Info.plist; "
	      "$P/portico run --no-default-drivers --no-bridge -- sh -c '"
	      "$P/portico load $T/d; "
	      "cp $B/drivers/Calculator.dext/Info.plist $T/d/Calculator.dext/new; "
	      "mv $T/d/Calculator.dext/new $T/d/Calculator.dext/Info.plist; "
	      "$P/portico load $T/d && $P/portico list | grep -c \"not used\"'",
	      1, "bundles: 1, new personalities: 1\n0\n");
}

TEST(a_folder_brings_new_versions)
{
	wants("mkdir -p $T/d; cp -r $B/drivers/Calculator.dext $T/d; "
	      "$P/portico run --no-default-drivers --no-bridge --drivers $T/d -- sh -c '"
	      "sed -i s/1.0/2.0/ $T/d/Calculator.dext/Info.plist; "
	      "$P/portico load $T/d && $P/portico list'",
	      0, "org.portico.driver.Calculator    2.0 ");
}

TEST(a_bundle_from_elsewhere_does_not_take_the_place_in_silence)
{
	wants("mkdir -p $T/d $T/e; cp -r $B/drivers/Calculator.dext $T/d; "
	      "cp -r $B/drivers/Calculator.dext $T/e; "
	      "$P/portico run --no-default-drivers --no-bridge --drivers $T/d -- "
	      "$P/portico load $T/e/Calculator.dext",
	      1, "/d/Calculator.dext; unload it first\n");
	/* Nor does a new version that has become another's. */
	wants("$P/portico run --no-default-drivers --no-bridge --drivers $T/d -- sh -c '"
	      "cp -r $B/drivers/Mirror.dext $T/e; $P/portico load $T/e/Mirror.dext; "
	      "sed -i s/driver.Mirror/driver.Calculator/ $T/e/Mirror.dext/Info.plist; "
	      "$P/portico load $T/e/Mirror.dext; $P/portico list'",
	      0, "the old one stays\n");
}

TEST(a_path_that_is_no_utf_8_is_complained_of)
{
	wants("$P/portico run --no-bridge -- "
	      "$P/portico load \"$(printf \"$T/\\377.dext\")\"",
	      1, "No such file or directory");
	wants("mkdir \"$(printf \"$T/\\377.dext\")\"; $P/portico run --no-bridge -- "
	      "$P/portico load \"$(printf \"$T/\\377.dext\")\"",
	      1, "cannot read Info.plist: No such file or directory");
}

TEST(a_bundle_without_a_program_is_not_loaded)
{
	wants("cp -r $B/drivers/Mirror.dext $T/M.dext; rm $T/M.dext/Mirror.so; "
	      "$P/portico run --no-default-drivers --no-bridge -- $P/portico load $T/M.dext",
	      1, "/M.dext: the file that CFBundleExecutable names is missing or no program");
	wants("cp $B/drivers/Mirror.dext/Mirror.so $T/M.dext; "
	      "$P/portico run --no-default-drivers --no-bridge -- sh -c '$P/portico load "
	      "$T/M.dext; "
	      "echo junk > $T/M.dext/new; mv $T/M.dext/new $T/M.dext/Mirror.so; "
	      "$P/portico load $T/M.dext; $P/ioreg -rc MirrorDriver'",
	      0, "; the old one stays\n+-o MirrorDriver");
}

TEST(a_bundle_that_comes_back_is_used_when_it_is_loaded)
{
	wants("cp -r $B/drivers/Mirror.dext $T/M.dext; "
	      "$P/portico run --no-default-drivers --no-bridge -- sh -c '$P/portico load "
	      "$T/M.dext; "
	      "mv $T/M.dext $T/away; $P/portico crash Mirror; "
	      "until grep -q \"cannot be loaded\" $T/e; do :; done; "
	      "mv $T/away $T/M.dext; $P/portico load $T/M.dext && $P/ioreg -rc MirrorDriver' "
	      "2>$T/e",
	      0, "\n+-o MirrorDriver");
}

TEST(a_driver_that_is_loaded_right_after_a_restart_is_there)
{
	wants("export XDG_RUNTIME_DIR=$T; unset PORTICO_SESSION; "
	      "$P/portico start --no-bridge --no-default-drivers && $P/portico restart && "
	      "$P/portico load $B/drivers/Mirror.dext && $P/ioreg -rc MirrorDriver; $P/portico "
	      "stop",
	      0, "org.portico.driver.Mirror\n+-o MirrorDriver");
	await_adopted();
}

/* Of two bundles in one host the other one comes back. */
TEST(an_unloaded_driver_is_gone_from_a_shared_host)
{
	wants("mkdir $T/d; cp -r $B/drivers/Calculator.dext $B/drivers/Mirror.dext $T/d; "
	      "sed -i '/IOUserServerName/{n;s/Mirror/Calculator/}' $T/d/Mirror.dext/Info.plist; "
	      "$P/portico run --no-default-drivers --no-bridge --drivers $T/d -- sh -c '"
	      "$P/portico list | grep -c \" up\"; "
	      "$P/portico unload org.portico.driver.Mirror; "
	      "while ! $P/ioreg -r -c CalculatorDriver | grep -q Calculator; do :; done; "
	      "echo left: $($P/ioreg -w0 -c MirrorDriver | grep -c \"o MirrorDriver\")' "
	      "2>/dev/null", /* counters of coverage have no place in a sandbox */
	      0, "1\norg.portico.driver.Mirror\nleft: 0\n");
}

TEST(crash_knows_a_session_by_any_path)
{
	wants("$P/portico run --no-bridge -- sh -c 'cd ${PORTICO_SESSION%/*} && "
	      "PORTICO_SESSION=registry.sock $P/portico crash Mirror'",
	      0, "killed the host of org.portico.driver.Mirror");
}

TEST(crash_tells_a_terminal_nothing)
{
	wants("mkdir $T/d; cp -r $B/drivers/Mirror.dext $T/d; "
	      "sed -i '/IOUserServerName/{n;s/org.portico/\302\23331m/}' "
	      "$T/d/Mirror.dext/Info.plist; "
	      "$P/portico run --no-default-drivers --no-bridge --drivers $T/d -- "
	      "$P/portico crash Mirror",
	      0, "killed the host of \\x9b31m.driver.Mirror, process ");
}

TEST(a_program_that_can_have_no_session_says_why)
{
	if (test_is_slow())
		test_skip("sanitizers write files of their own");
	wants("env -u PORTICO_SESSION XDG_RUNTIME_DIR=$T PORTICO_NO_BRIDGE=1 "
	      "sh -c 'ulimit -f 0; $P/ioreg -rc IOResources' 2>&1 | cat",
	      0, "limit of file sizes (ulimit -f) leaves no room");
}

TEST(short_sessions_end_without_a_word)
{
	wants("for i in 1 2 3 4 5 6 7 8 9 10; do $P/portico run -- true; done | wc -c", 0, "0\n");
	wants("for i in 1 2 3 4 5 6 7 8 9 10; do $P/portico run -- true; done 2>&1 | wc -c", 0,
	      "0\n");
}

TEST(status_names_the_processes_of_the_providers)
{
	wants("$P/portico run -- sh -c '$P/portico status > $T/s; for p in $(sed -n "
	      "\"/^Providers/,/^[A-Z]/s/.*PID: //p\" "
	      "$T/s); do tr \"\\\\0\" \" \" < /proc/$p/cmdline; echo; done'",
	      0, "portico-host --server org.portico.driver.Mirror");
}

TEST(limits_are_set_and_shown)
{
	wants("$P/portico run --limit grants=77 -- $P/portico status | grep \"^  grants \"", 0,
	      " 77 ");
	wants("$P/portico run --limit=user-opens=78 -- $P/portico status | grep \"^  opens \"", 0,
	      " 78 ");
	wants("printf '[Limits]\\ngrants = 79\\n' > $T/portico.conf; "
	      "PORTICO_CONF=$T/portico.conf $P/portico run -- $P/portico status --json | "
	      "python3 -c 'import json,sys; s = json.load(sys.stdin); "
	      "print([l[\"Per Connection\"] for l in s[\"Limits\"] if l[\"Name\"] == "
	      "\"grants\"], s[\"Account Errors\"], "
	      "s[\"Users\"][0][\"Use\"][\"connections\"][\"Now\"] > 0)'",
	      0, "[79] 0 True");
}

TEST(bad_limits_are_refused)
{
	wants("$P/portico run --limit grnats=5 -- true", 125, "there is no limit \"grnats\"");
	wants("$P/portico run --limit grants -- true", 64, "NAME=N");
	wants("printf '[Limits]\\n\\ngrants = many\\n' > $T/portico.conf; "
	      "PORTICO_CONF=$T/portico.conf $P/portico run -- true",
	      125, "portico.conf:3: ");
	wants("PORTICO_CONF=/no/such $P/portico run -- true", 125, "/no/such: there is no such");
	wants("PORTICO_LIMITS=grants=0 $P/portico run --in-process -- $P/ioreg", 1,
	      "PORTICO_LIMITS: ");
}

TEST(list_says_why_a_bundle_is_not_used)
{
	wants("mkdir -p $T/b/Broken.dext; $P/portico run --drivers $T/b -- $P/portico list", 0,
	      "Broken.dext  not used: cannot read Info.plist");
	/* What its host finds out, and that it is over. */
	wants("cp -r $B/drivers/Mirror.dext $T/b; cp /bin/true $T/b/Mirror.dext/Mirror.so; "
	      "$P/portico run --no-default-drivers --drivers $T/b -- $P/portico list",
	      0, "Mirror.dext  not used: its host cannot load it");
	wants("$P/portico run --no-default-drivers --drivers $T/b -- sh -c '"
	      "cp $B/drivers/Mirror.dext/Mirror.so $T/b/Mirror.dext/new; "
	      "mv $T/b/Mirror.dext/new $T/b/Mirror.dext/Mirror.so; "
	      "$P/portico load $T/b/Mirror.dext; "
	      "$P/portico list | grep \"Mirror.dext *not used\" || echo none is left'",
	      0, "none is left");
}

TEST(the_examples_succeed)
{
	wants("$P/portico run -- $B/examples/call_flow/call_flow", 0, "");
	wants("$P/portico run -- $B/examples/async_dispatch_queue/async_dispatch_queue", 0, "");
	wants("$P/portico run -- $B/examples/async_run_loop/async_run_loop", 0, "");
	wants("$P/portico run -- $B/examples/async_mach_msg/async_mach_msg", 0, "");
	wants("$P/portico run -- $B/examples/async_poll/async_poll", 0, "");
	wants("$P/portico run --in-process -- "
	      "$B/examples/async_dispatch_queue/async_dispatch_queue",
	      0, "");
}

TEST_MAIN
