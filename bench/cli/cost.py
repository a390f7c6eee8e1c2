"""`cost.py`: starts programs and says what each of them cost. One JSON text a line, in and out.

In: {"argv": […], "env": {…}}. Out: {"exitCode", "cpuMs", "wallMs"}: user and system time of the whole process, together with
the processes that it waited for, as the kernel hands them to whoever waits for it. Node does not tell them of its children.
"""
import json
import os
import sys
import time

for line in sys.stdin:
    asked = json.loads(line)
    argv = asked["argv"]
    null = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]
    began = time.monotonic()
    pid = os.posix_spawn(argv[0], argv, asked["env"], file_actions=null)
    _, status, usage = os.wait4(pid, 0)
    took = time.monotonic() - began
    answer = {
        "exitCode": os.waitstatus_to_exitcode(status),
        "cpuMs": (usage.ru_utime + usage.ru_stime) * 1000,
        "wallMs": took * 1000,
    }
    print(json.dumps(answer), flush=True)
