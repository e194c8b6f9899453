"""Measures beside others in one run and writes results.md: usage: side_by_side.py BIN [ROUNDS]

BIN holds microgpt and microgpt_steps. On one core, in turn, so that what disturbs one disturbs all:
training steps of the default model by each engine and by plain_loops.cpp, whole processes, CPython
where the original is at hand, the larger models of `microgpt bench` beside PyTorch where that is
installed, and how time grows with each size.
"""

import datetime
import json
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import scaling

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
ORIGINAL = ROOT.parent / "shared" / "oracle" / "microgpt.py"
DATA = ROOT / "data" / "names.txt"

# One correct port in plain loops, measured beside the fastest published float32 port on one machine,
# took 1.49 to 1.58 times as long. Ours in plain_loops.cpp stands for it.
PLAIN_TO_BEST = 1.53

STEPS = {1: 1000, 16: 250, 64: 100}  # by documents a step


def output_of(command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def milliseconds(command, folder):
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return (time.perf_counter() - start) * 1e3


def rounds_of(contestants, rounds):
    """{name: [figure of each round]}, the contestants taking turns."""
    figures = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, measure in contestants.items():
            figures[name].append(measure())
    return figures


def number(x):
    return f"{x:,.0f}" if x >= 1000 else f"{x:.3g}" if x < 100 else f"{x:.0f}"


def spread(values):
    return f"{number(statistics.median(values))} ({number(min(values))} .. {number(max(values))})"


def steps_section(program, engines, rounds):
    text = ""
    for batch, steps in STEPS.items():
        names = ["plain_loops", *(e for e in engines if batch == 1 or e != "reference")]
        figures = rounds_of(
            {name: lambda name=name: float(output_of([program, name, str(batch), str(steps)]))
             for name in names}, rounds)
        plain = statistics.median(figures["plain_loops"])
        text += f"\n{batch} document{'s' * (batch > 1)} a step, {steps:,} steps:\n\n"
        text += ("| | us a step, median (min .. max) | us a document | times as fast as plain loops "
                 "| as the best published port, derived |\n|---|---|---|---|---|\n")
        for name, values in figures.items():
            median = statistics.median(values)
            derived = f"{plain / PLAIN_TO_BEST / median:.2f}" if batch == 1 else ""
            text += (f"| {name} | {spread(values)} | {number(median / batch)} | "
                     f"{plain / median:.2f} | {derived} |\n")
    return text


def process_section(program, engines, rounds, folder):
    commands = {}
    for engine in engines:
        run = [program, "train", "--engine", engine, "--quiet", "--out", engine]
        commands[f"{engine}, 1,000 steps and 20 names"] = run
        commands[f"{engine}, neither"] = [*run, "--num-steps", "0", "--num-samples", "0"]

    def measure(command):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall = milliseconds(command, folder)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return wall, 1e3 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    figures = rounds_of({name: lambda command=command: measure(command)
                         for name, command in commands.items()}, rounds)
    rows = "".join(f"| {name} | {spread([wall for wall, _ in values])} | "
                   f"{spread([used for _, used in values])} |\n" for name, values in figures.items())
    return ("\n| `microgpt train` as a process | ms | ms of processor time |\n|---|---|---|\n" + rows)


def python_section(rounds, folder):
    if not ORIGINAL.exists():
        return "\nCPython: left out, the original is not at hand.\n"
    few, many = 2, 12

    def run(interpreter, steps, collector):
        source = ORIGINAL.read_text().replace("num_steps = 1000", f"num_steps = {steps}")
        source = source.replace("range(20)", "range(0)")
        return milliseconds([interpreter, "-c", ("" if collector else "import gc; gc.disable()\n") +
                             source], folder)

    figures = rounds_of(
        {name: lambda c=c: 1e3 * (run(sys.executable, many, c) - run(sys.executable, few, c)) /
         (many - few)
         for name, c in (("collector off", False), ("collector on, as it comes", True))}, rounds)
    rows = "".join(f"| {name} | {spread(values)} |\n" for name, values in figures.items())
    if pypy := shutil.which("pypy3"):
        rows += f"| PyPy, one whole run of 1,000 steps | {number(run(pypy, 1000, True))} |\n"
    return (f"\n| microgpt.py on CPython {sys.version.split()[0]} | us a step |\n|---|---|\n" + rows +
            "\nA ratio to CPython says as much about CPython on this machine as about a program: its\n"
            "collector walks the whole graph every so often, which costs most where memory is slow.\n")


def torch_tokens_per_second(threads):
    """By model, PyTorch's fastest: with one thread or all, which get into each other's way where the
    machine is not idle, and with OpenBLAS told of a newer processor, which it does not know itself."""
    best = {}
    python = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
    for count in {1, threads}:
        for core in ("", "SkylakeX"):
            environment = {**os.environ, "OPENBLAS_CORETYPE": core, "OMP_NUM_THREADS": str(count),
                           "OPENBLAS_NUM_THREADS": str(count)}
            command = [python, str(HERE / "torch_peer.py"), "9", str(count)]
            for row in json.loads(output_of(command, env=environment)):
                best[row["model"]] = max(best.get(row["model"], 0), row["tokens_per_second"])
    return best


def larger_section(bench):
    text = ("\n| model | sequences | engine | threads | tokens/s | GFLOP/s | of peak | MiB | "
            "PyTorch, tokens/s | ratio |\n|---|---|---|---|---|---|---|---|---|---|\n")
    torch = {threads: torch_tokens_per_second(threads)
             for threads in {p["threads"] for p in bench["peaks"]}}
    for row in bench["training"]:
        if row["model"] == "default":
            continue
        text += f"| {row['model']} | {row['batch']} | {row['engine']} | {row['threads']} | "
        if "too_slow" in row:
            text += f"a step would take some {row['too_slow']:.0f} s | | | | | |\n"
            continue
        ours = row["tokens_per_second"]
        peer = torch[row["threads"]].get(row["model"])
        text += (f"{ours:,.0f} | {row['flops'] / 1e9:.0f} | {row['share_of_peak']:.0%} | "
                 f"{row['bytes'] / 2**20:.0f} | ")
        text += f"{peer:,.0f} | {ours / peer:.2f} |\n" if peer else "- | - |\n"
    return text


def sampling_section(bench):
    rows = "".join(f"| {row['engine']} | {row['threads']} | "
                   f"{'many at once' if row['many'] else 'one at a time'} | "
                   f"{number(row['us_per_name']['median'])} |\n" for row in bench["sampling"])
    return "\n| engine | threads | names | us a name |\n|---|---|---|---|\n" + rows


def machine_section(bench, folder):
    cache = (folder.parent / "CMakeCache.txt").read_text()
    flags = re.search(r"^CMAKE_CXX_FLAGS_RELEASE:\w+=(.*)$", cache, re.MULTILINE)[1]
    commit = output_of(["git", "-C", str(ROOT), "describe", "--always", "--dirty"]).strip()
    peak = bench["peaks"][0]
    return (f"{bench['processor']}, {bench['processors']} processors, {bench['instruction_set']}; "
            f"{bench['compiler']}, `{flags}` and the kernels' own flags; commit {commit}; "
            f"{datetime.date.today()}.\n\nOne thread, measured in the same run: "
            f"{peak['float32_flops'] / 1e9:.0f} GFLOP/s of multiply-adds in float32, "
            f"{peak['float64_flops'] / 1e9:.0f} in float64; memory read at "
            f"{peak['memory_bytes_per_second'] / 1e9:.0f} GB/s.\n")


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 21
    program, steps = str(folder / "microgpt"), str(folder / "microgpt_steps")
    output_of([steps, "--check"])  # a wrong port may be as fast as it likes
    bench = json.loads(output_of([program, "bench", "--json", "--rounds", str(max(3, rounds // 3))]))
    engines = list(dict.fromkeys(row["engine"] for row in bench["training"]))
    larger = larger_section(bench)  # before all is tied to one core
    text = "# Results\n\nWritten by `bench/side_by_side.py`. " + machine_section(bench, folder)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    text += ("\n## Steps of the default model\n\nOne core, nothing but the steps, processor "
             f"time, medians of {rounds}\nrounds in which all take turns. `bench/plain_loops.cpp` is a complete port in\n"
             "plain float32 loops, its gradients checked against `reference`, compiled with `-O3\n"
             "-march=native -ffast-math`. The last column is not a measurement: where such a port was\n"
             "measured beside the fastest published float32 port, it took 1.49 to 1.58 times as long;\n"
             f"the column divides our plain loops by {PLAIN_TO_BEST}.\n")
    text += steps_section(steps, engines, rounds)
    with tempfile.TemporaryDirectory() as temporary:
        shutil.copy(DATA, pathlib.Path(temporary) / "input.txt")
        text += "\n## Whole processes\n" + process_section(program, engines, rounds, temporary)
        text += python_section(max(2, rounds // 7), temporary)
    text += "\n## Names\n" + sampling_section(bench)
    text += ("\n## Larger models\n\nForward, backward and Adam in float32 (`exact`: float64), 65 tokens "
             "in the vocabulary. PyTorch:\n`bench/torch_peer.py`, the same sizes, the fastest of 9 rounds with "
             "the faster of two settings of\nOpenBLAS and with one thread or all of the row's.\n" + larger)
    engine = next(e for e in ("cpu", "exact", "reference") if e in engines)
    curves = scaling.measure(steps, engine)
    (HERE / "scaling.svg").write_text(scaling.svg(curves, engine), encoding="utf-8")
    text += (f"\n## How time grows\n\nEngine {engine}, one thread. Steps: the default model on names, time "
             "of the whole run. Documents a step:\none layer, width 16, context 16. Layers: width 64, "
             "context 64. Width: context 64. Context: width 64.\n\n![Time against each size]"
             "(scaling.svg)\n\n" + scaling.table(curves))
    (HERE / "results.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
