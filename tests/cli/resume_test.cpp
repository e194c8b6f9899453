// Runs that stop, on purpose or not, and go on.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <random>
#include <sstream>
#include <thread>

#include "cli/cli_test.h"

namespace microgpt {
namespace {

using namespace std::chrono_literals;

class ResumeTest : public CliTest {
 protected:
  // A run that would take far longer than the test.
  Arguments endless(Arguments more) const {
    Arguments arguments = tiny({"--num-steps", "100000000"});
    arguments.erase(arguments.begin() + 9, arguments.begin() + 11);  // tiny's own number
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  std::int64_t steps_done(const std::string& name) const {
    return nlohmann::json::parse(output_of({"info", name, "--json"}))["provenance"]["step"];
  }

  void wait_for(const std::string& name) const {
    for (int i = 0; i < 60000 && !exists(name); ++i) std::this_thread::sleep_for(1ms);
    ASSERT_TRUE(exists(name));
  }

  // The run in `folder` must go on like one that was never stopped.
  void expect_same_as_uninterrupted(const std::string& folder, const std::string& before) const {
    const std::string stop = std::to_string(steps_done(folder) + 20);
    const std::string whole = output_of(endless({"--stop-after", stop, "--out", "whole"}));
    const std::string after = output_of({"train", "--resume", folder, "--stop-after", stop});
    EXPECT_EQ(before + after, whole);
    EXPECT_EQ(run_files(folder), run_files("whole"));
  }
};

// Whatever the run needs is saved with it: its settings, and, for the first edition's mean over the
// last 50 steps, losses from before the pause.
TEST_F(ResumeTest, PausedRunEndsWithTheSameBits) {
  write_data();
  for (const char* edition : {"final", "first"}) {
    const Arguments all = {"train", "--edition",     edition, "--data",
                           "data",  "--num-steps",   "100",   "--temperature",
                           "0.9",   "--num-samples", "7"};
    const std::string whole = output_of(all);
    for (const char* pause : {"40", "80"}) {
      Arguments part = all;
      part.insert(part.end(), {"--stop-after", pause, "--out", "part"});
      const std::string first = output_of(part);
      EXPECT_TRUE(contains(first, std::string("step   ") + pause + " /  100") ||
                  contains(first, std::string("step ") + pause + " / 100"));
      EXPECT_FALSE(contains(first, "sample"));
      EXPECT_EQ(first + output_of({"train", "--resume", "part"}), whole);
      EXPECT_EQ(run_files("part"), run_files("out"));
    }
  }
}

TEST_F(ResumeTest, ThousandStepsInTwoParts) {
  MICROGPT_NEED_SHARED();
  const std::string first =
      output_of({"train", "--data", kNames, "--stop-after", "400", "--out", "part"});
  const std::string second = output_of({"train", "--resume", "part"});
  EXPECT_EQ(first + second, get_file(kShared + "/golden/ladder/train5.stdout.txt"));
}

TEST_F(ResumeTest, PauseSaysHowToGoOn) {
  write_data();
  const RunResult result = run(tiny({"--stop-after", "7", "--out", "my run"}));
  EXPECT_EQ(result.status, 0);
  EXPECT_TRUE(contains(result.err, "after step 7 of 30")) << result.err;
  EXPECT_TRUE(contains(result.err, "microgpt train --resume 'my run'")) << result.err;
}

TEST_F(ResumeTest, FinishedRunPrintsItsSamplesAgain) {
  write_data();
  const std::string whole = output_of(tiny({}));
  const RunResult again = run({"train", "--resume", "out"});
  EXPECT_EQ(again.status, 0);
  EXPECT_EQ(again.out, whole.substr(whole.find("\n---")));
  EXPECT_TRUE(contains(again.err, "all 30 steps are done")) << again.err;
  EXPECT_TRUE(
      contains(output_of({"train", "--resume", "out", "--num-steps", "40"}), "step   31 /   40"));
}

TEST_F(ResumeTest, LogIsAppended) {
  write_data();
  output_of(tiny({"--stop-after", "10", "--log", "log"}));
  output_of({"train", "--resume", "out", "--log", "log"});
  const std::string log = file("log");
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 30);
  output_of(tiny({"--log", "log"}));
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 30);
}

// A killed run has logged more than it has saved, the last line perhaps in part.
TEST_F(ResumeTest, LogGoesOnFromTheSavedStep) {
  write_data();
  output_of(tiny({"--stop-after", "6", "--log", "log"}));
  std::string log = file("log");
  put_file(folder_ / "log", log + "{\"step\": 7, \"loss\": 1}\n{\"step\": 8, \"lo");
  output_of({"train", "--resume", "out", "--stop-after", "9", "--log", "log"});
  std::istringstream lines(file("log"));
  std::int64_t step = 0;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_EQ(nlohmann::json::parse(line)["step"], ++step);
  }
  EXPECT_EQ(step, 9);
}

// An unset variable in a script must not start a new run over the old one.
TEST_F(ResumeTest, EmptyFolderIsRefused) {
  write_data();
  output_of(tiny({"--stop-after", "6"}));
  const RunResult result = run({"train", "--resume", "", "--data", "data"});
  EXPECT_EQ(result.status, 2);
  EXPECT_TRUE(contains(result.err, "--resume: expected a path, got an empty text")) << result.err;
  EXPECT_EQ(steps_done("out"), 6);
}

// A recipe that --print-config wrote names no data and the folder "out": a resumed run keeps its
// own.
TEST_F(ResumeTest, TakesARecipe) {
  write_data();
  output_of(tiny({"--stop-after", "6", "--out", "part"}));
  put_file(folder_ / "recipe", output_of(tiny({"--print-config"})));
  output_of({"train", "--resume", "part", "--config", "recipe", "--stop-after", "8"});
  EXPECT_EQ(steps_done("part"), 8);
  EXPECT_FALSE(exists("out"));
}

TEST_F(ResumeTest, SamplesLikeTheRun) {
  write_data();
  const std::string printed = output_of(tiny({"--temperature", "1.7", "--num-samples", "4"}));
  std::string names;
  std::istringstream lines(output_of({"sample", "out"}));
  int i = 0;
  for (std::string name; std::getline(lines, name);) {
    names += fmt::format("sample {:2}: {}\n", ++i, name);
  }
  EXPECT_EQ(i, 4);
  EXPECT_TRUE(printed.ends_with(names)) << printed << names;
}

// What was printed and logged before the loss was lost is not.
TEST_F(ResumeTest, DivergedRunShowsItsSteps) {
  write_data();
  const RunResult result = run(tiny({"--learning-rate", "1e300", "--quiet", "--log", "log"}));
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(contains(result.err, "training has diverged")) << result.err;
  EXPECT_TRUE(contains(result.out, "step    1 /")) << result.out;
  EXPECT_TRUE(contains(file("log"), "\"step\": 1,"));
  EXPECT_FALSE(exists("out/model.json"));
}

TEST_F(ResumeTest, OutMovesTheRun) {
  write_data();
  output_of(tiny({"--stop-after", "10"}));
  const std::string before = run_files("out");
  output_of({"train", "--resume", "out", "--out", "other"});
  EXPECT_EQ(run_files("out"), before);
  EXPECT_EQ(steps_done("other"), 30);
}

TEST_F(ResumeTest, WhatMakesARunCantChange) {
  write_data();
  output_of(tiny({"--stop-after", "10"}));
  const std::vector<std::pair<std::string, std::string>> flags = {
      {"n-embd", "8"},         {"n-head", "1"},     {"n-layer", "2"},
      {"block-size", "7"},     {"seed", "1"},       {"edition", "first"},
      {"activation", "relu2"}, {"init-std", "0.1"}, {"encoding", "latin-1"}};
  for (const auto& [flag, value] : flags) {
    const RunResult result = run({"train", "--resume", "out", "--" + flag, value});
    EXPECT_EQ(result.status, 1) << flag;
    EXPECT_TRUE(contains(result.err, "can't be changed, got " + value)) << result.err;
  }
  const RunResult same = run({"train", "--resume", "out", "--n-embd", "4", "--stop-after", "11"});
  EXPECT_EQ(same.status, 0) << same.err;
}

TEST_F(ResumeTest, OtherSettingsMayChange) {
  write_data();
  for (const Arguments& more : {Arguments{"--learning-rate", "0.5"},
                                {"--schedule", "constant"},
                                {"--optimizer", "sgd"},
                                {"--beta1", "0.5"},
                                {"--beta2", "0.5"},
                                {"--eps-adam", "0.1"},
                                {"--num-steps", "31"},
                                {"--num-samples", "2"},
                                {"--temperature", "1.5"}}) {
    output_of(tiny({"--stop-after", "10"}));
    const std::string plain = output_of({"train", "--resume", "out"});
    output_of(tiny({"--stop-after", "10"}));
    Arguments changed = {"train", "--resume", "out"};
    changed.insert(changed.end(), more.begin(), more.end());
    EXPECT_NE(output_of(changed), plain) << more[0];
  }
}

TEST_F(ResumeTest, OtherDataIsRefused) {
  write_data();
  output_of(tiny({"--stop-after", "10"}));
  const std::string sha256 =
      nlohmann::json::parse(output_of({"info", "out", "--json"}))["provenance"]["data_sha256"];
  write_data("other\n");
  const RunResult result = run({"train", "--resume", "out"});
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(contains(
      result.err, "not the data of this run, expected SHA-256 " + sha256 +
                      ", got 7e4fa2eb8c7ac089739d5defc4489fad68a100d92082ca35c6b40a4524821f87"))
      << result.err;
  std::filesystem::remove(folder_ / "data");
  EXPECT_TRUE(contains(run({"train", "--resume", "out"}).err, "no such file"));
  write_data();
  std::filesystem::rename(folder_ / "data", folder_ / "moved");
  EXPECT_EQ(run({"train", "--resume", "out", "--data", "moved"}).status, 0);
}

TEST_F(ResumeTest, StepsThatAreDoneCantBeUndone) {
  write_data();
  output_of(tiny({"--stop-after", "10"}));
  EXPECT_TRUE(contains(run({"train", "--resume", "out", "--stop-after", "10"}).err,
                       "stop_after: expected more than the 10 steps that are done, got 10"));
  EXPECT_TRUE(contains(run({"train", "--resume", "out", "--num-steps", "9"}).err,
                       "num_steps: expected at least the 10 steps that are done, got 9"));
}

TEST_F(ResumeTest, SignalsSaveTheRun) {
  write_data();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    std::filesystem::remove_all(folder_ / "out");
    Process process(options(endless({"--save-every", "50"})));
    wait_for("out/model.json");
    process.send(signal);
    const RunResult result = process.wait();
    EXPECT_EQ(result.status, 128 + signal) << result.err;
    EXPECT_FALSE(result.killed);
    EXPECT_TRUE(contains(result.err, "microgpt train --resume out")) << result.err;
    expect_same_as_uninterrupted("out", result.out);
  }
}

// A reader that has stopped to read holds the program up: the first Ctrl-C can't be heeded.
TEST_F(ResumeTest, SecondSignalEndsAtOnce) {
  write_data();
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  RunOptions stalled = options(endless({}));
  stalled.output = ends[1];
  Process process(stalled);
  int waiting = 0;
  for (int before = -1; waiting == 0 || waiting != before;) {  // it writes each tenth of a second
    before = waiting;
    std::this_thread::sleep_for(500ms);
    ASSERT_TRUE(process.runs());
    ioctl(ends[0], FIONREAD, &waiting);
  }
  process.send(SIGINT);
  std::this_thread::sleep_for(100ms);
  process.send(SIGTERM);  // of another kind: still the first
  std::this_thread::sleep_for(100ms);
  EXPECT_TRUE(process.runs());
  process.send(SIGINT);
  const RunResult result = process.wait();
  EXPECT_EQ(result.status, 130);
  EXPECT_TRUE(result.killed);
  close(ends[0]);
  close(ends[1]);
}

TEST_F(ResumeTest, IgnoredSignalsStayIgnored) {
  write_data();
  const RunResult result = run_program(
      {.command = {"sh", "-c", "trap '' INT; \"$0\" \"$@\" & sleep 0.2; kill -INT $!; wait $!",
                   MICROGPT_PROGRAM, "train", "--data", "data", "--num-steps", "5000"},
       .folder = folder_.path()});
  EXPECT_EQ(result.status, 0) << result.err;
}

// A process that is killed while it saves leaves a folder that can be read and resumed.
TEST_F(ResumeTest, KilledAtAnyMoment) {
  write_data();
  std::mt19937 random(1);
  // The first one lives until it has saved, which says how long the others should: a busy machine
  // may take its time to start them.
  Arguments next = endless({"--save-every", "1"});
  const auto start = std::chrono::steady_clock::now();
  std::chrono::microseconds longest{60'000};
  for (int i = 0; i < 50; ++i) {
    Process process(options(next));
    if (i == 0) {
      wait_for("out/model.json");
      const auto taken = std::chrono::steady_clock::now() - start;
      longest = std::clamp(std::chrono::duration_cast<std::chrono::microseconds>(taken * 3 / 2),
                           longest, std::chrono::microseconds(300'000));
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(random()) % longest);
    }
    process.send(SIGKILL);
    process.wait();
    ASSERT_EQ(run({"info", "out"}).status, 0) << i;
    ASSERT_EQ(run({"sample", "out", "-n", "1"}).status, 0) << i;  // reads training.safetensors
    next = {"train", "--resume", "out", "--save-every", "1"};
  }
  const std::string stop = std::to_string(steps_done("out") + 5);
  output_of({"train", "--resume", "out", "--stop-after", stop});
  output_of(endless({"--stop-after", stop, "--out", "whole"}));
  EXPECT_EQ(run_files("out"), run_files("whole"));
}

}  // namespace
}  // namespace microgpt
