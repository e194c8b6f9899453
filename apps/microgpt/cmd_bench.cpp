// microgpt bench: how fast this machine trains and samples.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "command.h"
#include "interrupt.h"
#include "measure.h"
#include "message.h"
#include "microgpt/error.h"
#include "microgpt/machine.h"
#include "microgpt/version.h"

namespace microgpt {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kFormat[] = "microgpt-bench-v1";

struct BenchOptions {
  int rounds = 11;
  bool quick = false;
  bool json = false;
  std::string compare;
};

Json json_of(const Spread& us) { return {{"median", us.median}, {"min", us.min}, {"max", us.max}}; }

Json json_of(const TrainingRow& row) {
  Json object = {
      {"model", row.model}, {"batch", row.batch}, {"engine", row.engine}, {"threads", row.threads}};
  if (row.slow > 0) {
    object["too_slow"] = row.slow;
    return object;
  }
  const double per_second = row.operations / row.us.median * 1e6;
  object.update({{"us_per_step", json_of(row.us)},
                 {"tokens_per_second", row.tokens / row.us.median * 1e6},
                 {"flops", per_second},
                 {"share_of_peak", per_second / row.peak},
                 {"bytes", row.bytes}});
  return object;
}

Json json_of(const Measurements& measured, int rounds) {
  Json object = {{"format", kFormat},
                 {"version", version()},
                 {"processor", processor_name()},
                 {"processors", processors()},
                 {"compiler", compiler_name()},
                 {"instruction_set", instruction_set()},
                 {"rounds", rounds},
                 {"peaks", Json::array()},
                 {"training", Json::array()},
                 {"sampling", Json::array()}};
  for (const Peaks& peaks : measured.peaks) {
    object["peaks"].push_back({{"threads", peaks.threads},
                               {"float32_flops", peaks.float32},
                               {"float64_flops", peaks.float64},
                               {"memory_bytes_per_second", peaks.memory}});
  }
  for (const TrainingRow& row : measured.training) object["training"].push_back(json_of(row));
  for (const SamplingRow& row : measured.sampling) {
    object["sampling"].push_back({{"engine", row.engine},
                                  {"threads", row.threads},
                                  {"many", row.many},
                                  {"us_per_name", json_of(row.us)}});
  }
  return object;
}

// A saved measurement. Throws Error: it can't be read, or is none.
Json read_saved(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) throw Error(fmt::format("{}: can't be read, expected what --json printed", path));
  const Json saved = Json::parse(text.str(), nullptr, false);
  if (!saved.is_object() || saved.value("format", Json()) != kFormat) {
    throw Error(fmt::format("{}: expected what microgpt bench --json printed, format \"{}\"", path,
                            kFormat));
  }
  return saved;
}

// The median of the row that agrees with `row` in all that names it, or 0 where there is none.
double saved_median(const Json& saved, const char* table, const Json& row, const char* figure) {
  if (!row.contains(figure) || !saved.contains(table)) return 0;
  for (const Json& candidate : saved[table]) {
    bool same = candidate.is_object() && candidate.contains(figure);
    for (const char* key : {"model", "batch", "engine", "threads", "many"}) {
      same = same && candidate.value(key, Json()) == row.value(key, Json());
    }
    if (!same || !candidate[figure].is_object()) continue;
    const Json median = candidate[figure].value("median", Json());
    if (median.is_number()) return median.get<double>();
  }
  return 0;
}

// How many times as fast as before: "1.25x".
std::string ratio_text(const Json& saved, const char* table, const Json& row, const char* figure) {
  const double before = saved_median(saved, table, row, figure);
  if (before <= 0) return saved.is_null() ? "" : "      -";
  return fmt::format("{:6.2f}x", before / row[figure]["median"].get<double>());
}

void warn_of_another_machine(const Json& saved, const Json& now, const std::string& path) {
  for (const char* key : {"processor", "compiler", "instruction_set"}) {
    const Json before = saved.value(key, Json());
    if (before == now[key]) continue;
    print_note(fmt::format("{}: another {}, {} there and {} here: the ratios compare machines too",
                           path, key, before.dump(), now[key].dump()));
  }
}

std::string three_digits(double value) {
  const int digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return fmt::format("{:.{}f}", value, digits);
}

std::string format_training(const Json& row, const Json& saved) {
  const std::string name = fmt::format("{:<15} {:>5}  {:<9} {:>7}", row["model"].get<std::string>(),
                                       row["batch"].get<int>(), row["engine"].get<std::string>(),
                                       row["threads"].get<int>());
  if (row.contains("too_slow")) {
    return fmt::format("{}  left out: a step would take some {:.0f} s\n", name,
                       row["too_slow"].get<double>());
  }
  const Json& us = row["us_per_step"];
  const double mib = row["bytes"].get<double>() / (1 << 20);
  return fmt::format("{} {:>10} {:>10} {:>10} {:>11} {:>8} {:>6.1f}% {:>8} {}\n", name,
                     three_digits(us["median"]), three_digits(us["min"]), three_digits(us["max"]),
                     grouped(static_cast<std::size_t>(row["tokens_per_second"].get<double>())),
                     three_digits(row["flops"].get<double>() / 1e9),
                     100 * row["share_of_peak"].get<double>(), mib > 0 ? three_digits(mib) : "-",
                     ratio_text(saved, "training", row, "us_per_step"));
}

std::string format_table(const Json& now, const Json& saved) {
  std::string text =
      fmt::format("{}, {} processor{}, {}, {}\n", now["processor"].get<std::string>(),
                  now["processors"].get<int>(), now["processors"] == 1 ? "" : "s",
                  now["instruction_set"].get<std::string>(), now["compiler"].get<std::string>());
  for (const Json& peaks : now["peaks"]) {
    text += fmt::format(
        "{} thread{}: multiply-adds {:.0f} GFLOP/s in float32, {:.0f} in float64; memory read at "
        "{:.0f} GB/s\n",
        peaks["threads"].get<int>(), peaks["threads"] == 1 ? "" : "s",
        peaks["float32_flops"].get<double>() / 1e9, peaks["float64_flops"].get<double>() / 1e9,
        peaks["memory_bytes_per_second"].get<double>() / 1e9);
  }
  const char* const against = saved.is_null() ? "" : "  before";
  text +=
      fmt::format("\n{:<15} {:>5}  {:<9} {:>7} {:>10} {:>10} {:>10} {:>11} {:>8} {:>7} {:>8}{}\n",
                  "model", "batch", "engine", "threads", "us a step", "min", "max", "tokens/s",
                  "GFLOP/s", "of peak", "MiB", against);
  for (const Json& row : now["training"]) text += format_training(row, saved);
  text += fmt::format("\n{:<22}{:<9} {:>7} {:>10} {:>10} {:>10}{}\n", "names", "engine", "threads",
                      "us a name", "min", "max", against);
  for (const Json& row : now["sampling"]) {
    const Json& us = row["us_per_name"];
    text += fmt::format("{:<22}{:<9} {:>7} {:>10} {:>10} {:>10} {}\n",
                        row["many"].get<bool>() ? "many at once" : "one at a time",
                        row["engine"].get<std::string>(), row["threads"].get<int>(),
                        three_digits(us["median"]), three_digits(us["min"]),
                        three_digits(us["max"]), ratio_text(saved, "sampling", row, "us_per_name"));
  }
  return text;
}

int run_bench(const BenchOptions& options, Output& out) {
  if (options.rounds < 1 || options.rounds > 1000) {
    throw UsageError(fmt::format("--rounds: expected 1 to 1000, got {}", options.rounds));
  }
  if (options.json && !options.compare.empty()) {
    throw UsageError("--compare: shows ratios in a table, expected no --json with it");
  }
  const Json saved = options.compare.empty() ? Json() : read_saved(options.compare);
  catch_interrupts();
  const bool terminal = isatty(STDERR_FILENO) != 0;
  const auto progress = [&](const std::string& what) {
    if (terminal) std::fputs(("\r\x1b[Kmeasuring " + what).c_str(), stderr);
    return caught_interrupt() == 0;
  };
  const Measurements measured = measure(options.rounds, options.quick, progress);
  if (terminal) std::fputs("\r\x1b[K", stderr);
  if (caught_interrupt() != 0) return interrupt_status();
  const Json now = json_of(measured, options.rounds);
  if (!saved.is_null()) warn_of_another_machine(saved, now, options.compare);
  out.write(options.json ? now.dump(2) + "\n" : format_table(now, saved));
  return 0;
}

constexpr char kBenchExamples[] = R"(Examples:
  microgpt bench                              a few minutes, on a machine that is idle
  microgpt bench --quick                      the default model only
  microgpt bench --json > before.json         to be kept, and
  microgpt bench --compare before.json        compared with what is built now)";

}  // namespace

Command bench_command(CLI::App& program) {
  CLI::App& app = *program.add_subcommand(
      "bench",
      "Measure how fast this machine trains and samples.\n"
      "Figures are medians of rounds in which all engines take turns. Floating-point operations "
      "are\n"
      "6 N + 12 L C T a token, compared with what multiply-adds alone reach in the same run.");
  const auto options = std::make_shared<BenchOptions>();
  add_value(app, "--rounds", &options->rounds, "N", "1 to 1000", "rounds to measure");
  app.add_flag("--quick", options->quick, "the default model only");
  app.add_flag("--json", options->json, "print a JSON object");
  add_value(app, "--compare", &options->compare, "FILE", "",
            "show how many times as fast as in what --json printed");
  app.footer(kBenchExamples);
  return {&app, [options](Output& out) { return run_bench(*options, out); }};
}

}  // namespace microgpt
