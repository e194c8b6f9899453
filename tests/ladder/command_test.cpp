// microgpt ladder: what it lists, shows and compares, and how it runs programs.
#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "cli/cli_test.h"
#include "rungs.h"

namespace microgpt {
namespace {

class LadderCommandTest : public CliTest {
 protected:
  void expect_error(const Arguments& arguments, int status, const std::string& message) const {
    const RunResult result = run(arguments);
    EXPECT_EQ(result.status, status) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_TRUE(contains(result.err, message)) << result.err << "expected: " << message;
  }
};

std::string source(const std::string& name) {
  return get_file(MICROGPT_SOURCE_DIR "/ladder/" + name + ".cpp");
}

TEST_F(LadderCommandTest, ListsAllPrograms) {
  const std::string list = output_of({"ladder"});
  EXPECT_TRUE(contains(list, "train1          3,184  2.4915  "));
  for (const LadderProgram& rung : rungs()) EXPECT_TRUE(contains(list, std::string(rung.adds)));
  EXPECT_TRUE(contains(list, "\nmicrograd  "));
  EXPECT_TRUE(contains(list, "\ntoy        "));
}

TEST_F(LadderCommandTest, ShowsSources) {
  EXPECT_EQ(output_of({"ladder", "show", "3"}), source("train3"));
  EXPECT_EQ(output_of({"ladder", "show", "train3"}), source("train3"));
  EXPECT_EQ(output_of({"ladder", "show", "toy"}), source("toy"));
}

TEST_F(LadderCommandTest, DiffOfNeighboursSaysWhyAtEachHunk) {
  const std::string diff = output_of({"ladder", "diff", "3", "train4"});
  EXPECT_TRUE(diff.starts_with("--- ladder/train3.cpp\n+++ ladder/train4.cpp\n@@ "));
  for (const Change& change : changes(4)) {
    EXPECT_TRUE(contains(diff, " @@ " + std::string(change.why) + "\n")) << change.why;
  }
}

TEST_F(LadderCommandTest, DiffOfOthersListsTheStepsBetween) {
  for (const Arguments& rungs_to_compare : {Arguments{"2", "4"}, {"4", "2"}}) {
    const std::string diff =
        output_of({"ladder", "diff", rungs_to_compare[0], rungs_to_compare[1]});
    EXPECT_TRUE(diff.starts_with("train2 to train3: "));
    for (const std::size_t to : {3u, 4u}) {
      for (const Change& change : changes(to)) {
        EXPECT_TRUE(contains(diff, "  " + std::string(change.why) + "\n")) << change.why;
      }
    }
    EXPECT_TRUE(contains(diff, "\n--- ladder/train" + rungs_to_compare[0] + ".cpp\n"));
    EXPECT_TRUE(contains(diff, " @@\n"));
    EXPECT_EQ(contains(diff, "the way up; the diff goes down"), rungs_to_compare[0] == "4");
  }
}

TEST_F(LadderCommandTest, DiffsArePatches) {
  if (run_program({.command = {"sh", "-c", "command -v patch"}}).status != 0) {
    GTEST_SKIP() << "patch is not there";
  }
  std::filesystem::create_directory(folder_ / "ladder");
  for (const std::string from : {"0", "1", "2", "3", "4", "5"}) {
    for (const std::string to : {"0", "1", "2", "3", "4", "5"}) {
      if (from == to) continue;
      put_file(folder_ / "ladder/train" + from + ".cpp", source("train" + from));
      put_file(folder_ / "patch", output_of({"ladder", "diff", from, to}));
      const RunResult result = run_program(
          {.command = {"patch", "-s", "--fuzz=0", "-p0", "-i", "patch"}, .folder = folder_.path()});
      EXPECT_EQ(result.status, 0) << result.out;
      EXPECT_EQ(file("ladder/train" + from + ".cpp"), source("train" + to));
    }
  }
}

TEST_F(LadderCommandTest, ColoursOnATerminalOnly) {
  RunOptions with_terminal = options({"ladder", "diff", "4", "5"});
  with_terminal.environment["TERM"] = "xterm";
  EXPECT_FALSE(contains(run_program(with_terminal).out, "\x1b"));
  int ours = -1, theirs = -1;
  if (openpty(&ours, &theirs, nullptr, nullptr, nullptr) != 0) GTEST_SKIP() << "no terminals here";
  with_terminal.output = theirs;
  std::string seen;
  std::thread reader([&] {
    char buffer[4096];
    for (ssize_t n; (n = read(ours, buffer, sizeof buffer)) > 0;) {
      seen.append(buffer, static_cast<std::size_t>(n));
    }
  });
  EXPECT_EQ(run_program(with_terminal).status, 0);
  close(theirs);
  reader.join();
  close(ours);
  EXPECT_TRUE(contains(seen, "\x1b[32m+++ ladder/train5.cpp\x1b[0m"));
  EXPECT_TRUE(contains(seen, "\x1b[31m-  const double learning_rate = 0.1;\x1b[0m"));
}

TEST_F(LadderCommandTest, WrongUseIsExplained) {
  expect_error({"ladder", "climb"}, 2, "ladder: expected run, diff or show, got 'climb'");
  expect_error({"ladder", "run"}, 2, "ladder run: expected one program, got 0");
  expect_error({"ladder", "run", "1", "2"}, 2, "ladder run: expected one program, got 2");
  expect_error({"ladder", "run", "6"}, 2, "expected 0 to 5, micrograd or toy, got '6'");
  expect_error({"ladder", "run", "../bin/sh"}, 2, "got '../bin/sh'");
  expect_error({"ladder", "show", ""}, 2, "got ''");
  expect_error({"ladder", "show", "-1"}, 2, "-1");
  expect_error({"ladder", "diff", "1"}, 2, "ladder diff: expected two rungs, got 1");
  expect_error({"ladder", "diff", "1", "2", "3"}, 2, "ladder diff: expected two rungs, got 3");
  expect_error({"ladder", "diff", "1", "toy"}, 2, "no such rung, expected 0 to 5, got 'toy'");
  expect_error({"ladder", "diff", "2", "train2"}, 2, "expected two rungs, got train2 twice");
  expect_error({"ladder", "run", "toy", "--data", "x"}, 2, "--data: toy reads none");
  expect_error({"ladder", "show", "1", "--data", "x"}, 2, "--data: only ladder run reads data");
}

TEST_F(LadderCommandTest, WrongDataIsFoundBeforeTheRun) {
  expect_error({"ladder", "run", "1", "--data", "absent"}, 1, "absent: no such file");
  expect_error({"ladder", "run", "1", "--data", "."}, 1, ".: is a folder");
  write_data(" \n\n");
  expect_error({"ladder", "run", "1", "--data", "data"}, 1, "white space");
}

TEST_F(LadderCommandTest, ProgramsThatAreNotThereAreNamed) {
  std::filesystem::create_directory(folder_ / "bin");
  std::filesystem::copy(MICROGPT_PROGRAM, folder_ / "bin/microgpt");
  RunOptions moved = options({"ladder", "run", "toy"});
  moved.command[0] = folder_ / "bin/microgpt";
  const RunResult result = run_program(moved);
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(contains(result.err, "/toy: can't be run, No such file or directory")) << result.err;
  moved.command = {folder_ / "bin/microgpt", "ladder", "show", "toy"};
  EXPECT_EQ(run_program(moved).out, source("toy"));
}

TEST_F(LadderCommandTest, InterruptsReachTheProgram) {
  for (const int signal : {SIGINT, SIGTERM}) {
    Process process(options({"ladder", "run", "5", "--data", "embedded"}));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    process.send(signal);
    const RunResult result = process.wait();
    EXPECT_TRUE(result.killed);
    EXPECT_EQ(result.status, 128 + signal);
  }
}

TEST_F(LadderCommandTest, ReaderThatGoesAwayEndsTheProgram) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  RunOptions piped = options({"ladder", "run", "5", "--data", "embedded"});
  piped.output = ends[1];
  EXPECT_EQ(run_program(piped).status, 128 + SIGPIPE);
  close(ends[1]);
}

}  // namespace
}  // namespace microgpt
