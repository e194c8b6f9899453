// Progress on a terminal and elsewhere.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <sstream>
#include <thread>

#include "cli/cli_test.h"

namespace microgpt {
namespace {

class TerminalTest : public CliTest {
 protected:
  // A container may have no /dev/pts.
  static bool has_terminals() {
    int ours = -1, theirs = -1;
    if (openpty(&ours, &theirs, nullptr, nullptr, nullptr) != 0) return false;
    close(ours);
    close(theirs);
    return true;
  }

  // What a terminal of some columns gets to see of a training that takes some tenths of a second.
  std::string seen_on_terminal(unsigned short columns, const std::string& redirect) const {
    RunOptions training = options({});
    training.command = {"sh", "-c",
                        "exec \"$0\" train --data data --num-steps 2000 2>/dev/fd/1 " + redirect,
                        MICROGPT_PROGRAM};
    return seen_on_terminal(columns, training);
  }

  // The standard output of any program that succeeds.
  static std::string seen_on_terminal(unsigned short columns, RunOptions with_terminal) {
    winsize size{24, columns, 0, 0};
    int ours = -1, theirs = -1;
    EXPECT_EQ(openpty(&ours, &theirs, nullptr, nullptr, &size), 0);
    with_terminal.environment["TERM"] = "xterm";
    with_terminal.output = theirs;
    std::string seen;
    std::thread reader([&] {
      std::array<char, 4096> buffer;
      for (ssize_t n; (n = read(ours, buffer.data(), buffer.size())) > 0;) {
        seen.append(buffer.data(), static_cast<std::size_t>(n));
      }
    });
    const RunResult result = run_program(with_terminal);
    close(theirs);
    reader.join();
    close(ours);
    EXPECT_EQ(result.status, 0) << seen;
    return seen;
  }
};

// Takes away what the program erased: a line that is drawn ends with "\r", "erase to the end".
std::string without_drawings(const std::string& seen) {
  std::string left;
  std::size_t line = 0;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (seen.compare(i, 4, "\r\x1b[K") == 0) {
      left.resize(line);
      i += 3;
    } else if (seen[i] != '\r') {
      left += seen[i];
      if (seen[i] == '\n') line = left.size();
    }
  }
  return left;
}

TEST_F(TerminalTest, ProgressStaysUnderTheSteps) {
  if (!has_terminals()) GTEST_SKIP() << "no pseudo-terminals here";
  write_data();
  const std::string seen = seen_on_terminal(60, "");
  EXPECT_TRUE(contains(seen, "\r\x1b[K")) << seen;
  EXPECT_TRUE(contains(seen, "smoothed")) << seen;
  const std::string left = without_drawings(seen);
  const std::string plain = output_of({"train", "--data", "data", "--num-steps", "2000"});
  EXPECT_EQ(left, "data: data\n" + plain + "saved in out; microgpt sample out makes more\n");
}

TEST_F(TerminalTest, ProgressFitsTheTerminal) {
  if (!has_terminals()) GTEST_SKIP() << "no pseudo-terminals here";
  write_data();
  const std::string seen = seen_on_terminal(30, ">/dev/null");
  std::size_t drawings = 0;
  for (std::size_t at = seen.find("step "); at != std::string::npos;
       at = seen.find("step ", at + 1)) {
    const std::size_t end = seen.find('\r', at);
    ASSERT_NE(end, std::string::npos);
    EXPECT_EQ(end - at, 29u);
    ++drawings;
  }
  EXPECT_GE(drawings, 1u);
  EXPECT_LE(drawings, kSanitized ? 2000u : 200u);
}

TEST_F(TerminalTest, ShortRunLogsNothing) {
  write_data();
  EXPECT_EQ(run(tiny({})).err, "data: data\nsaved in out; microgpt sample out makes more\n");
}

TEST_F(TerminalTest, LongRunLogsSparsely) {
  write_data();
  // Only a run of more than a second logs its progress: as many steps as that takes here.
  RunResult result;
  for (int steps = 2000; result.seconds < 1.5; steps *= 4) {
    result = run({"train", "--data", "data", "--learning-rate", "1e-6", "--num-steps",
                  std::to_string(steps)});
    ASSERT_EQ(result.status, 0) << result.err;
  }
  std::size_t lines = 0;
  for (std::size_t at = result.err.find("step "); at != std::string::npos;
       at = result.err.find("step ", at + 1)) {
    ++lines;
  }
  EXPECT_GE(lines, 1u) << result.err;
  EXPECT_LE(lines, 10u) << result.err;
  EXPECT_TRUE(contains(result.err, "tokens/s")) << result.err;
  EXPECT_FALSE(contains(result.err, "\r"));
}

TEST_F(TerminalTest, ExplanationsFitTheTerminal) {
  if (!has_terminals()) GTEST_SKIP() << "no pseudo-terminals here";
  const std::string seen = seen_on_terminal(40, options({"explain", "105"}));
  EXPECT_TRUE(seen.starts_with("\x1b[1mA vector of standard size\x1b[0m\r\n")) << seen;
  EXPECT_TRUE(contains(seen, "\n\x1b[1mWhy.\x1b[0m Afterwards"));
  std::istringstream lines(seen);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(line.size(), contains(line, "\x1b") ? 49u : 41u) << line;  // bold takes 8, \r one
  }
}

TEST_F(TerminalTest, ExplainIsBoldUnlessNoColorIsSet) {
  if (!has_terminals()) GTEST_SKIP() << "no pseudo-terminals here";
  RunOptions explain = options({"explain", "94"});
  EXPECT_TRUE(contains(seen_on_terminal(60, explain), "\x1b[1mWeighted sums\x1b[0m"));
  explain.environment["NO_COLOR"] = "1";
  EXPECT_FALSE(contains(seen_on_terminal(60, explain), "\x1b"));
}

}  // namespace
}  // namespace microgpt
