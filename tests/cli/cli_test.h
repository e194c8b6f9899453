// What the tests of the program share: a folder of their own, and no network.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cli/run_program.h"
#include "support/sanitized.h"
#include "support/temp_folder.h"

namespace microgpt {

using Arguments = std::vector<std::string>;

class CliTest : public testing::Test {
 protected:
  RunOptions options(Arguments arguments) const {
    arguments.insert(arguments.begin(), MICROGPT_PROGRAM);
    return {.command = std::move(arguments),
            .folder = folder_.path(),
            .environment = {{"XDG_CACHE_HOME", folder_ / "cache"},
                            {"MICROGPT_NAMES_URL", "http://127.0.0.1:9/"},  // nobody listens
                            {"TERM", "dumb"}},
            .input = {}};
  }

  RunResult run(Arguments arguments) const { return run_program(options(std::move(arguments))); }

  // Sends a signal to a command when it has worked for a while.
  RunResult interrupt(Arguments arguments, int signal) const {
    Process process(options(std::move(arguments)));
    std::this_thread::sleep_for(std::chrono::milliseconds(kSanitized ? 3000 : 700));
    process.send(signal);
    return process.wait();
  }

  // Runs what must succeed.
  std::string output_of(Arguments arguments) const {
    const RunResult result = run(std::move(arguments));
    EXPECT_EQ(result.status, 0) << result.err;
    return result.out;
  }

  // A training of a tiny model on the file "data", which write_data made.
  static Arguments tiny(Arguments more) {
    Arguments arguments = {"train", "--data",       "data", "--n-embd",    "4", "--n-head",
                           "2",     "--block-size", "6",    "--num-steps", "30"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  void write_data(const std::string& text = "anna\nbob\ncarla\ndan\neve\n") const {
    put_file(folder_ / "data", text);
  }

  std::string file(const std::string& name) const { return get_file(folder_ / name); }
  bool exists(const std::string& name) const { return std::filesystem::exists(folder_ / name); }

  // Both files of a run, to be compared.
  std::string run_files(const std::string& name) const {
    return file(name + "/model.json") + file(name + "/training.safetensors");
  }

  TempFolder folder_;
};

inline const std::string kShared = MICROGPT_SHARED_DIR;
inline const std::string kNames = kShared + "/data/names.txt";

// Use first in a test that needs shared/.
#define MICROGPT_NEED_SHARED() \
  if (!std::filesystem::exists(kNames)) GTEST_SKIP() << kNames << " is not there"

// Use first in a test that runs microgpt.py itself.
#define MICROGPT_NEED_ORACLE()                                             \
  MICROGPT_NEED_SHARED();                                                  \
  if (run_program({.command = {"sh", "-c", "command -v python3"}}).status) \
  GTEST_SKIP() << "python3 is not there"

// What microgpt.py prints.
inline std::string oracle_stdout(Arguments arguments) {
  arguments.insert(arguments.begin(), {"python3", kShared + "/oracle/run.py", "--no-params"});
  const RunResult result = run_program({.command = arguments});
  EXPECT_EQ(result.status, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out, nullptr, false);
  return json.is_discarded() ? "" : json["stdout"].get<std::string>();
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace microgpt
