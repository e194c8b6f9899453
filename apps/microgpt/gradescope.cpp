#include "gradescope.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>

#include "input.h"
#include "message.h"
#include "microgpt/error.h"
#include "output.h"
#include "policies.h"

namespace microgpt {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr char kProgram[] = "/proc/self/exe";

// Gradescope runs it once, when the image is made, on Debian or Ubuntu.
constexpr char kSetup[] = R"sh(#!/bin/sh
# Prepares the machine on which bots are graded.
set -e
source=${AUTOGRADER_ROOT:-/autograder}/source
command -v python3 > /dev/null || { apt-get update && apt-get install -y python3; }
# Bots run as a user who can neither read the cases nor write results.
[ "$(id -u)" != 0 ] || id student > /dev/null 2>&1 || useradd --no-create-home student
chmod 700 "$source"
LD_LIBRARY_PATH=$source/lib "$source/microgpt" --version || {
  echo "microgpt does not run here: make the bundle on a system as old as this image" >&2
  exit 1
}
)sh";

// To be followed by the options of grade, and kRunBot.
constexpr char kRunAutograder[] = R"sh(#!/bin/sh
# Grades one submission: run.sh, bot.py, or the program bot.
root=${AUTOGRADER_ROOT:-/autograder}
source=$root/source
mkdir -p "$root/results"
chmod 700 "$root/results"
cd "$root/submission" || exit 1
if [ -f run.sh ]; then set -- sh run.sh
elif [ -f bot.py ]; then set -- python3 bot.py
else set -- ./bot; fi
# The class's model, if the teacher has put it into the bundle and the student has sent none.
if [ -f "$source/model.json" ] && [ ! -f model.json ]; then
  cp "$source/model.json" model.json
  chmod 644 model.json
fi
MICROGPT_MODEL=$PWD/model.json
export MICROGPT_MODEL
if [ "$(id -u)" = 0 ] && id student > /dev/null 2>&1; then
  set -- runuser -u student -- "$@"
fi
)sh";

constexpr char kRunBot[] = R"sh( \
  --gradescope "$root/results" -- env -u LD_LIBRARY_PATH "$@"
)sh";

void make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw Error(fmt::format("{}: can't be made, {}", path, error.message()));
}

void copy_to(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  if (error) throw Error(fmt::format("{}: can't be written, {}", to.string(), error.message()));
}

void write_script(const std::string& path, const std::string& text) {
  OutputFile::write_whole(path, text);
  std::error_code error;
  fs::permissions(path, fs::perms(0755), error);
  if (error) throw Error(fmt::format("{}: can't be made a program, {}", path, error.message()));
}

// The libraries that this program has loaded, but for those of the C library, which belong to the
// system.
std::set<fs::path> loaded_libraries() {
  std::set<fs::path> libraries;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const std::size_t at = line.find('/');
    if (at == std::string::npos) continue;
    const fs::path path = line.substr(at);
    const std::string name = path.filename().string();
    const bool is_library = name.find(".so") != std::string::npos && fs::exists(path);
    const bool is_system = name.starts_with("ld-") || name.starts_with("libc.") ||
                           name.starts_with("libm.") || name.starts_with("libc-") ||
                           name.starts_with("libm-") || name.starts_with("libpthread") ||
                           name.starts_with("libdl");
    if (is_library && !is_system) libraries.insert(path);
  }
  return libraries;
}

// A library is looked for by the name that it carries, libfmt.so.9, and lies there by a longer
// one.
std::string short_name(const std::string& name) {
  const std::size_t version = name.find(".so.");
  if (version == std::string::npos) return name;
  return name.substr(0, name.find('.', version + 4));
}

std::string details(const GradeReport& report, Group group, bool hidden) {
  std::string text;
  for (const CaseResult& result : report.grade.cases) {
    if (result.group == group && result.hidden == hidden && !result.passed()) {
      text += format_case(result);
    }
  }
  return text;
}

Json test_of(const std::string& name, double score, int most, const std::string& output,
             const char* visibility) {
  return {{"name", name},
          {"score", score},
          {"max_score", most},
          {"output", printable(output)},
          {"output_format", "text"},
          {"visibility", visibility}};
}

Json test_of(const GradeReport& report, const GroupScore& group) {
  std::string text = fmt::format("{} of {} cases passed\n", group.passed, group.cases);
  text += details(report, group.group, false);
  for (const std::string& advice : group.advice) text += "-> " + advice + "\n";
  return test_of(std::string(to_string(group.group)), group.points, points_of(group.group), text,
                 "visible");
}

}  // namespace

void write_results(const std::string& folder, const GradeReport& report) {
  double seconds = 0;
  std::string remarks, held_out;  // a bot may have said words of a held-out policy
  for (const BotRun& run : report.runs) {
    seconds += run.result.seconds;
    const std::string ending = describe_ending(run);
    if (!ending.empty()) (run.hidden ? held_out : remarks) += ending + "\n";
  }
  Json object = {{"score", report.grade.points},
                 {"execution_time", seconds},
                 {"output", printable(remarks)},
                 {"output_format", "text"},
                 {"stdout_visibility", "hidden"},
                 // Not shown to students, who could draw the held-out policies from it.
                 {"extra_data", {{"seed", report.seed}}},
                 {"tests", Json::array()}};
  for (const GroupScore& group : report.grade.groups) {
    object["tests"].push_back(test_of(report, group));
    held_out += details(report, group.group, true);
  }
  if (!held_out.empty()) {
    object["tests"].push_back(
        test_of("held-out policies: what failed", 0, 0, held_out, "after_published"));
  }
  make_folder(folder);
  OutputFile::write_whole(folder + "/results.json",
                          object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

void write_bundle(const std::string& folder, const std::string& policy, const GraderConfig& config,
                  const std::string& more) {
  std::error_code error;
  if (!fs::exists(kProgram, error)) throw Error("--bundle: can be made on Linux only");
  open_policy(policy);
  make_folder(folder + "/lib");
  copy_to(kProgram, folder + "/microgpt");
  for (const fs::path& library : loaded_libraries()) {
    copy_to(library, folder + "/lib/" + short_name(library.filename().string()));
  }
  const auto built_in = built_in_policies();
  std::string name = policy;
  if (std::ranges::find(built_in, policy) == built_in.end()) {
    OutputFile::write_whole(folder + "/policy", read_bytes(policy));
    name = "\"$source/policy\"";
  }
  OutputFile::write_whole(folder + "/seed", fmt::format("{}\n", config.seed));
  write_script(folder + "/setup.sh", kSetup);
  write_script(
      folder + "/run_autograder",
      // Not --seed: any process can read another's command line, and Gradescope copies this file to
      // where students can read it.
      fmt::format("{}MICROGPT_GRADE_SEED=$(cat \"$source/seed\") LD_LIBRARY_PATH=$source/lib \\\n"
                  "  \"$source/microgpt\" grade --policy {} --hidden {} --requests {} {}{}",
                  kRunAutograder, name, config.hidden, config.requests, more, kRunBot));
}

}  // namespace microgpt
