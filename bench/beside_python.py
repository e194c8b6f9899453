"""Times training beside the original, in one run: usage: beside_python.py PROGRAM [ROUNDS]

Each round runs the program and CPython in turn on the same data, one document a step, 4,192
parameters: the program for 1,000 steps, CPython for 12 with its garbage collector on and for 12
with it off. Start-up is taken out by timing a run of 2 steps as well. Prints medians and ratios.

A ratio to CPython says as much about CPython on this machine as about the program: its collector
walks the whole graph every so often, which costs most where memory is slow. Quote both columns.
"""

import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
ORIGINAL = ROOT.parent / "shared" / "oracle" / "microgpt.py"
DATA = ROOT / "data" / "names.txt"


def seconds(command, folder):
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def python_command(steps, collector):
    source = ORIGINAL.read_text().replace("num_steps = 1000", f"num_steps = {steps}")
    source = source.replace("range(20)", "range(0)")
    return [sys.executable, "-c", ("" if collector else "import gc; gc.disable()\n") + source]


def us_per_step(command_of, steps, folder):
    few = 2
    return (seconds(command_of(steps), folder) - seconds(command_of(few), folder)) / (
        steps - few) * 1e6


def main():
    program = os.path.abspath(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    if not ORIGINAL.exists():
        print(f"beside_python.py: skipped, there is no {ORIGINAL}")
        return
    contestants = {
        "microgpt --engine reference": (lambda n: [
            program, "train", "--engine", "reference", "--quiet", "--num-samples", "0",
            "--num-steps", str(n)], 1000),
        "CPython, collector off": (lambda n: python_command(n, False), 12),
        "CPython, collector on": (lambda n: python_command(n, True), 12),
    }
    times = {name: [] for name in contestants}
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(DATA, pathlib.Path(folder) / "input.txt")
        for _ in range(rounds):
            for name, (command_of, steps) in contestants.items():
                times[name].append(us_per_step(command_of, steps, folder))
    ours = statistics.median(times["microgpt --engine reference"])
    print(f"{'us a step, median of ' + str(rounds) + ' rounds':40} {'min':>10} {'median':>10} "
          f"{'max':>10} {'ratio':>8}")
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:40} {min(values):10.1f} {median:10.1f} {max(values):10.1f} "
              f"{median / ours:8.1f}")


if __name__ == "__main__":
    main()
