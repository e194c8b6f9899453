// Python as the oracle of a test.
#pragma once

#include <gtest/gtest.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <string>

namespace microgpt {

// What a Python 3 script prints, or nothing where there is no python3. A script that fails fails
// the test.
inline std::optional<std::string> run_python(const std::string& script) {
  constexpr int kNotFound = 127;  // the shell's exit status
  // From a file, for a long script is more than a command line can hold.
  std::string path = testing::TempDir() + "microgpt_script_XXXXXX";
  const int file = mkstemp(path.data());
  const bool written =
      file >= 0 && write(file, script.data(), script.size()) == static_cast<ssize_t>(script.size());
  EXPECT_TRUE(written) << path << ": can't be written";
  close(file);
  FILE* pipe = popen(("python3 - <'" + path + "'").c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  std::string output;
  char buffer[65536];
  while (const std::size_t n = fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, n);
  const int status = pclose(pipe);
  remove(path.c_str());
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNotFound) return std::nullopt;
  EXPECT_EQ(status, 0) << "the Python script failed:\n" << script;
  return output;
}

}  // namespace microgpt

// Runs a script and sets `output` to what it prints, or skips the test.
#define MICROGPT_RUN_PYTHON(output, script)                                         \
  const std::optional<std::string> output##_or_none = microgpt::run_python(script); \
  if (!output##_or_none) GTEST_SKIP() << "python3 is not installed";                \
  const std::string& output = *output##_or_none
