#!/usr/bin/env python3
"""Compares what load clients cost, side by side in one run on one machine.

Every client asks the same null backend (`weighbridge mock --null`, a process of its own) for streamed
answers of 64 tokens to prompts of about 128. Clients take turns within each round. One JSON line a
measurement goes to standard output, medians to standard error. A client that is not installed says so
in its line.

    tests/peers/client.py --weighbridge target/release/weighbridge [--rounds 5] [--streams 64,512]
        [--wrk wrk] [--oha oha] [--vllm-rs FILE --tokenizer DIR] [--inference-benchmarker FILE]
        [--vllm FILE]

Processor time and memory are the client's own, from the kernel (`wait4`); start-up is part of it for
every client alike, except that Weighbridge's figure for the run alone stands beside. Needs Linux.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

PROMPT = "0. " + "Some words that make the prompt as long as prompts are. " * 11
BODY = json.dumps(
    {
        "model": "null",
        "messages": [{"role": "user", "content": PROMPT}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
)


def measured(command, cwd):
    """Runs a command; its output, wall time, processor time and largest resident memory."""
    with tempfile.TemporaryFile() as out:
        start = time.monotonic()
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=cwd)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - start
        out.seek(0)
        text = out.read().decode(errors="replace")
    if child.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {child.returncode}: {text[-500:]}")
    return text, {
        "process_wall_s": wall,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_rss_mb": usage.ru_maxrss * 1024 / 1e6,
    }


def weighbridge(args, url, streams, folder):
    command = [args.weighbridge, "bench", "cell", "--url", url]
    command += ["--streams", str(streams), "--answers", str(args.answers)]
    text, figures = measured(command, folder)
    cell = json.loads(text)
    if cell["wrong"]:
        raise RuntimeError(f"{cell['wrong']} answers were wrong")
    # Without the start and the reading back of the log, which other clients do not have.
    return figures | {
        "answers": cell["answers"],
        "wall_s": cell["wall_s"],
        "process_cpu_s": figures["cpu_s"],
        "cpu_s": cell["cpu_s"],
        "peak_rss_mb": cell["peak_rss_bytes"] / 1e6,
    }


def wrk(args, url, streams, folder):
    script = os.path.join(folder, "post.lua")
    with open(script, "w") as file:
        file.write('wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n')
        file.write(f"wrk.body = [==[{BODY}]==]\n")
    command = [args.wrk, "-t2", f"-c{streams}", f"-d{args.seconds}s", "-s", script]
    text, figures = measured(command + [url + "/v1/chat/completions"], folder)
    answers, seconds = re.search(r"(\d+) requests in ([\d.]+)s", text).groups()
    errors = re.search(r"Socket errors.*|Non-2xx.*", text)
    return figures | {
        "answers": int(answers),
        "wall_s": float(seconds),
        "errors": errors.group(0) if errors else None,
    }


def oha(args, url, streams, folder):
    command = [args.oha, "--no-tui", "--output-format", "json", "-m", "POST"]
    command += ["-T", "application/json", "-d", BODY, "-n", str(args.answers), "-c", str(streams)]
    text, figures = measured(command + [url + "/v1/chat/completions"], folder)
    summary = json.loads(text)["summary"]
    return figures | {"answers": args.answers, "wall_s": summary["total"]}


def vllm_rs(args, url, streams, folder):
    return vllm_bench(args.vllm_rs, args.answers, args, url, streams, folder)


def vllm(args, url, streams, folder):
    return vllm_bench(args.vllm, args.python_answers, args, url, streams, folder)


def vllm_bench(program, answers, args, url, streams, folder):
    result = f"vllm-{streams}.json"
    command = [program, "bench", "serve", "--backend", "openai-chat", "--base-url", url]
    command += ["--endpoint", "/v1/chat/completions"]
    command += ["--model", "null", "--tokenizer", args.tokenizer, "--dataset-name", "random"]
    command += ["--random-input-len", "128", "--random-output-len", "64"]
    command += ["--num-prompts", str(answers), "--max-concurrency", str(streams)]
    command += ["--save-result", "--result-dir", folder, "--result-filename", result]
    _, figures = measured(command + ["--disable-tqdm"], folder)
    with open(os.path.join(folder, result)) as file:
        found = json.load(file)
    return figures | {"answers": found["completed"], "wall_s": found["duration"]}


def inference_benchmarker(args, url, streams, folder):
    command = [args.inference_benchmarker, "-t", args.tokenizer, "--model-name", "null"]
    command += ["-d", f"{args.seconds}s", "-w", "1s", "-u", url, "--no-console"]
    command += ["-b", "throughput", "-m", str(streams)]
    text, figures = measured(command, folder)
    rates = re.findall(r"([\d.]+) req/s", text)
    return figures | {"answers": None, "wall_s": None, "reported_per_second": rates}


CLIENTS = {
    "weighbridge": weighbridge,
    "wrk": wrk,
    "oha": oha,
    "vllm-rs": vllm_rs,
    "inference-benchmarker": inference_benchmarker,
    "vllm": vllm,
}


def found(name, path):
    """Where a client is, or why it cannot be asked."""
    where = shutil.which(path)
    return (where, None) if where else (None, "not installed")


def start_null(binary):
    server = subprocess.Popen(
        [binary, "mock", "--null", "--until-eof", "--port", "0"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    line = server.stderr.readline()
    url = re.search(r"http://[\d.:]+", line)
    if not url:
        sys.exit(f"the null backend did not start: {line}")
    return server, url.group(0)


def derived(line):
    answers, wall = line.get("answers"), line.get("wall_s")
    if answers and wall:
        line["answers_per_second"] = answers / wall
        line["cpu_s_per_1000"] = 1000 * line["cpu_s"] / answers
    return line


def table(lines):
    keys = ["answers_per_second", "cpu_s_per_1000", "peak_rss_mb"]
    print(f"{'client':<24}{'streams':>8}" + "".join(f"{k:>22}" for k in keys), file=sys.stderr)
    groups = {}
    for line in lines:
        groups.setdefault((line["streams"], line["client"]), []).append(line)
    for (streams, client), group in groups.items():
        cells = ""
        for key in keys:
            values = [g[key] for g in group if key in g]
            cells += f"{statistics.median(values):>22.3f}" if values else f"{'-':>22}"
        print(f"{client:<24}{streams:>8}{cells}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weighbridge", required=True, type=os.path.abspath)
    parser.add_argument("--wrk", default="wrk")
    parser.add_argument("--oha", default="oha")
    parser.add_argument("--vllm-rs", default="vllm-rs")
    parser.add_argument("--inference-benchmarker", default="inference-benchmarker")
    parser.add_argument("--vllm", default="vllm", help="the Python client of vLLM")
    parser.add_argument("--tokenizer", help="folder of any tokenizer, for clients that cannot do without")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--streams", default="64,512")
    parser.add_argument("--answers", type=int, default=10_000)
    parser.add_argument("--python-answers", type=int, default=1_000, help="of slow clients")
    parser.add_argument("--seconds", type=int, default=5, help="length of clients that count by time")
    args = parser.parse_args()
    lines = []
    ready = {}
    for name in CLIENTS:
        key = name.replace("-", "_")
        where, problem = found(name, getattr(args, key))
        if not problem and key not in ("weighbridge", "wrk", "oha") and not args.tokenizer:
            problem = "needs --tokenizer"
        if problem:
            print(json.dumps({"client": name, "skipped": problem}), flush=True)
        else:
            setattr(args, key, where)
            ready[name] = CLIENTS[name]
    server, url = start_null(args.weighbridge)
    try:
        for number in range(1, args.rounds + 1):
            for streams in map(int, args.streams.split(",")):
                for name, ask in ready.items():
                    with tempfile.TemporaryDirectory() as folder:
                        line = {"client": name, "streams": streams, "round": number}
                        try:
                            line |= ask(args, url, streams, folder)
                        except (RuntimeError, OSError, ValueError, AttributeError) as error:
                            line["failed"] = str(error)
                    lines.append(derived(line))
                    print(json.dumps(line), flush=True)
    finally:
        server.stdin.close()
        server.wait(10)
    table(lines)


if __name__ == "__main__":
    main()
