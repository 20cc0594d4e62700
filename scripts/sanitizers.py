# SPDX-License-Identifier: MIT
"""How instrumented builds are run. Sanitizers write into <folder>/reports/, so that what they find in a
daemon or a driver host, whose status no test sees, fails the run as well."""
import pathlib
import re
import shutil

# What is undefined ends in a trap, whose place the address sanitizer reports. Texts and places of each check
# would make our libraries ten times as large, and each process start and look for leaks twice as long.
UNDEFINED = "-fsanitize=undefined -fsanitize-undefined-trap-on-error"

SCRIPTS = pathlib.Path(__file__).resolve().parent
OPTIONS = {
    "asan": {
        "ASAN_OPTIONS": "detect_leaks=1:handle_sigill=1:detect_stack_use_after_return=0:log_exe_name=1:log_path={reports}/asan",
        "LSAN_OPTIONS": "suppressions={scripts}/lsan.supp:print_suppressions=0",
    },
    "tsan": {
        # An embedded session that a busy machine does not end in time is left, with its threads, and says so.
        "TSAN_OPTIONS": "report_thread_leaks=0:halt_on_error=1:atexit_sleep_ms=0:die_after_fork=0:second_deadlock_stack=1:suppressions={scripts}/tsan.supp:print_suppressions=0:log_exe_name=1:log_path={reports}/tsan",
    },
}


# A process that is killed while it looks for its leaks sees its threads go, says so or has only opened its report.
# Nothing has been found then: each finding has lines of its own.
KILLED = re.compile(r"^==\d+==(Running thread \d+ was not suspended\. False leaks are possible\."
                    r"|Unable to get registers from thread \d+\.)\n", re.M)


def begin(name, folder):
    """The environment for tests of build FOLDER under sanitizer NAME; old reports are removed."""
    reports = folder / "reports"
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir()
    return {key: value.format(reports=reports, scripts=SCRIPTS) for key, value in OPTIONS[name].items()}


def reports(folder):
    """[(name, text)] of what was found since begin."""
    texts = [(r.name, r.read_text(errors="replace")) for r in sorted((folder / "reports").iterdir())]
    return [(name, text) for name, text in texts if KILLED.sub("", text).strip()]
