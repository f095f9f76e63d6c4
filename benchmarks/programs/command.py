"""Run one of skewless's own commands, as somebody would who types it."""

from __future__ import annotations

import os
import runpy
import sys

from benchmarks.task import Task

task = Task.read()
task.write([])
sys.stdout.flush()
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
sys.argv = task.parameters["command"]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
