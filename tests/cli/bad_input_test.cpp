// What the program says, and how it ends, where something is wrong.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "cli/cli_test.h"

namespace microgpt {
namespace {

class BadInputTest : public CliTest {
 protected:
  void expect_error(const Arguments& arguments, int status, const std::string& message) const {
    const RunResult result = run(arguments);
    EXPECT_EQ(result.status, status) << arguments.back() << ": " << result.err;
    EXPECT_TRUE(contains("\n" + result.err, "\nmicrogpt: ")) << result.err;
    EXPECT_TRUE(contains(result.err, message)) << result.err << "expected: " << message;
    if (!kSanitized) {
      EXPECT_LT(result.peak_mib, 200) << arguments.back();
      EXPECT_LT(result.seconds, 5) << arguments.back();
    }
  }

  void expect_data_error(const std::string& text, const std::string& message) const {
    write_data(text);
    expect_error({"train", "--data", "data"}, 1, message);
    EXPECT_FALSE(exists("out/model.json"));
  }

  // A model to spoil.
  std::string trained_model() const {
    write_data();
    output_of(tiny({}));
    return file("out/model.json");
  }
};

TEST_F(BadInputTest, Data) {
  expect_error({"train", "--data", "absent"}, 1, "absent: no such file");
  expect_error({"train", "--data", "."}, 1, ".: is a folder");
  expect_data_error("", "got an empty file");
  expect_data_error(" \n\t\n", "white space");
  expect_data_error("anna\nb\xffz\n", "got byte 0xFF at line 2, byte 2");
  expect_data_error(std::string("anna\nb\0z\n", 9), "NUL");
}

TEST_F(BadInputTest, EachFlag) {
  write_data();
  struct Case {
    const char* flag;
    const char* value;
    int status;
    const char* message;
  };
  const Case cases[] = {
      {"n-embd", "abc", 2, "--n-embd: not a whole number, expected 1 or more, got 'abc'"},
      {"n-embd", "", 2, "--n-embd: not a whole number, expected 1 or more, got ''"},
      {"n-embd", "16x", 2, "got '16x'"},
      {"n-embd", "+16", 2, "got '+16'"},
      {"n-embd", " 16", 2, "got ' 16'"},
      {"n-embd", "1.5", 2, "got '1.5'"},
      {"n-embd", "0", 1, "n_embd: "},
      {"n-embd", "-4", 1, "n_embd: "},
      {"n-embd", "2147483647", 1, "n_embd: "},
      {"n-embd", "99999999999", 2, "--n-embd: number out of range"},
      {"n-embd", "1048576", 1, "too large for this machine"},
      {"n-head", "3", 1, "n_head: does not divide n_embd"},
      {"n-head", "0", 1, "n_head: "},
      {"n-head", "-1", 1, "n_head: "},
      {"n-head", "99999999999", 2, "--n-head: number out of range"},
      {"n-layer", "0", 1, "n_layer: "},
      {"n-layer", "-1", 1, "n_layer: "},
      {"n-layer", "2147483647", 1, "n_layer: "},
      {"block-size", "0", 1, "block_size: "},
      {"block-size", "-1", 1, "block_size: "},
      {"block-size", "2147483647", 1, "block_size: "},
      {"num-steps", "-1", 1, "num_steps: "},
      {"num-steps", "9223372036854775807", 1, "num_steps: "},
      {"num-steps", "99999999999999999999", 2, "--num-steps: number out of range"},
      {"num-steps", "1e3", 2, "--num-steps: not a whole number"},
      {"learning-rate", "abc", 2, "--learning-rate: not a number"},
      {"learning-rate", "nan", 1, "learning_rate: "},
      {"learning-rate", "inf", 1, "learning_rate: "},
      {"learning-rate", "1e999", 2, "--learning-rate: number out of range"},
      {"learning-rate", "-1", 1, "learning_rate: "},
      {"beta1", "1", 1, "beta1: "},
      {"beta1", "-0.1", 1, "beta1: "},
      {"beta1", "nan", 1, "beta1: "},
      {"beta2", "1", 1, "beta2: "},
      {"beta2", "inf", 1, "beta2: "},
      {"eps-adam", "0", 1, "eps_adam: "},
      {"eps-adam", "nan", 1, "eps_adam: "},
      {"init-std", "-1", 1, "init_std: "},
      {"init-std", "inf", 1, "init_std: "},
      {"seed", "-1", 2, "--seed: number out of range"},
      {"seed", "18446744073709551616", 2, "--seed: number out of range"},
      {"seed", "x", 2, "--seed: not a whole number"},
      {"temperature", "nan", 1, "temperature: "},
      {"temperature", "-1", 1, "temperature: "},
      {"temperature", "1e999", 2, "--temperature: number out of range"},
      {"num-samples", "-1", 1, "num_samples: expected 0 or more, got -1"},
      {"num-samples", "99999999999", 2, "--num-samples: number out of range"},
      {"batch-size", "0", 1, "batch_size: out of range, expected 1 to 1048576, got 0"},
      {"batch-size", "6", 1,
       "batch_size: a batch larger than the data, expected batch_size * grad_accum of at most the "
       "5 documents there are, got 6 * 1 = 6"},
      {"grad-accum", "0", 1, "grad_accum: out of range"},
      {"grad-accum", "1048576", 1, "of at most the 5 documents there are, got 1 * 1048576"},
      {"threads", "0", 1, "threads: out of range, expected 1 to 1024, got 0"},
      {"threads", "10000", 1, "threads: out of range, expected 1 to 1024, got 10000"},
      {"threads", "all", 2, "--threads: not a whole number, expected 1 to 1024"},
      {"sequences", "lines", 2, "--sequences: expected documents or windows, got 'lines'"},
      {"save-every", "-1", 1, "save_every: expected 0 or more, got -1"},
      {"stop-after", "-1", 1, "stop_after: expected 0 or more, got -1"},
      {"edition", "second", 2, "--edition: expected final or first, got 'second'"},
      {"activation", "gelu", 2, "--activation: expected relu or relu2, got 'gelu'"},
      {"optimizer", "lion", 2, "--optimizer: expected adam or sgd, got 'lion'"},
      {"schedule", "cosine", 2, "--schedule: expected linear or constant, got 'cosine'"},
      {"encoding", "ebcdic", 2, "--encoding: expected utf-8 or latin-1, got 'ebcdic'"},
      {"engine", "warp", 1, "engine: no such engine"},
      {"out", "", 1, "out: "},
      {"resume", "absent", 1, "absent"},
      {"config", "absent", 1, "absent: can't be read, No such file or directory"},
      {"log", "absent/log", 1, "absent/log: can't be opened for writing, No such file"},
  };
  for (const Case& c : cases) {
    expect_error({"train", "--data", "data", std::string("--") + c.flag, c.value}, c.status,
                 c.message);
  }
}

TEST_F(BadInputTest, ThreadsOfASavedModel) {
  trained_model();
  const char* const message = "threads: out of range, expected 1 to 1024, got ";
  expect_error({"sample", "out", "--threads", "0"}, 1, message);
  expect_error({"eval", "out", "--data", "data", "--threads", "10000"}, 1, message);
  expect_error({"sample", "out", "--threads", "x"}, 2, "--threads: not a whole number");
  EXPECT_NE(output_of({"sample", "out", "--threads", "2"}), "");
}

TEST_F(BadInputTest, LogOverAFileOfTheRun) {
  write_data();
  const std::string data = file("data");
  for (const char* log :
       {"data", "./data", "out/model.json", "./out/../out/training.safetensors"}) {
    expect_error(tiny({"--log", log}), 1, "is a file of this run, expected another");
  }
  EXPECT_EQ(file("data"), data);
  output_of({"train", "--data", "embedded", "--num-steps", "2", "--log", "embedded"});
}

TEST_F(BadInputTest, ABatchLargerThanTheDataIsFoundBeforeAnythingIsWritten) {
  write_data();
  put_file(folder_ / "old.log", "precious");
  const RunResult result =
      run({"train", "--data", "data", "--batch-size", "99", "--log", "old.log"});
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(file("old.log"), "precious");
  EXPECT_FALSE(exists("out"));
}

TEST_F(BadInputTest, ResumedLogIsNoLog) {
  write_data();
  output_of(tiny({"--stop-after", "6"}));
  for (const char* text : {"my notes\n", "my notes", "{\"step\": x}\n"}) {
    put_file(folder_ / "notes", text);
    expect_error({"train", "--resume", "out", "--log", "notes"}, 1,
                 "--log notes: is no log of a run, expected one to go on with");
    EXPECT_EQ(file("notes"), text);
  }
}

TEST_F(BadInputTest, Usage) {
  for (const Arguments& arguments : {Arguments{"--unknown"},
                                     {"unknown"},
                                     {"train", "--unknown"},
                                     {"train", "--n-embd"},
                                     {"train", "extra"},
                                     {"train", "--quiet=maybe"},
                                     {"sample"},
                                     {"eval", "out"},
                                     {"completion", "tcsh"},
                                     {"completion"},
                                     {"sample", "out", "-n", "-1"},
                                     {"sample", "out", "--top-k", "x"}}) {
    const RunResult result = run(arguments);
    EXPECT_EQ(result.status, 2) << arguments[0] << ": " << result.err;
    EXPECT_TRUE(result.err.starts_with("microgpt: ")) << result.err;
    EXPECT_TRUE(contains(result.err, "--help'.")) << result.err;
    EXPECT_EQ(result.out, "");
  }
  const RunResult nothing = run({});
  EXPECT_EQ(nothing.status, 2);
  EXPECT_TRUE(contains(nothing.err, "Commands:")) << nothing.err;
}

TEST_F(BadInputTest, Config) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "c: not JSON"},
      {"{", "c: not JSON"},
      {"[]", "c: expected a JSON object, got array"},
      {"1", "c: expected a JSON object, got number"},
      {"{} {}", "c: not JSON"},
      {R"({"n_embed": 8})", "c: unknown key 'n_embed'; did you mean 'n_embd'?"},
      {R"({"optimiser": "sgd"})", "did you mean 'optimizer'?"},
      {R"({"seed": 1, "seed": 2})", "c: key 'seed' stands twice"},
      {R"({"n_embd": "8"})", "c: n_embd: expected a number, got \"8\""},
      {R"({"n_embd": 1.5})", "c: n_embd: not a whole number, expected 1 or more, got '1.5'"},
      {R"({"n_embd": null})", "c: n_embd: expected a number, got null"},
      {R"({"n_embd": [1]})", "c: n_embd: expected a single value"},
      {R"({"n_embd": {"a": 1}})", "c: n_embd: expected a single value"},
      {R"({"learning_rate": 1e999})", "c: not JSON"},
      {R"({"quiet": 1})", "c: quiet: expected true or false, got 1"},
      {R"({"edition": "second"})", "c: edition: expected final or first, got 'second'"},
      {R"({"edition": 1})", "c: edition: expected a string, got 1"},
      {R"({"out": "a\u0000b"})", "c: out: a NUL character"},
      {"{\"out\": \"\xff\"}", "c: not JSON"},
      {R"({"n_embd": 0})", "n_embd: "},
  };
  write_data();
  for (const auto& [text, message] : cases) {
    put_file(folder_ / "c", text);
    expect_error({"train", "--data", "data", "--config", "c"}, 1, message);
  }
  put_file(folder_ / "c", "{" + std::string(1 << 20, ' ') + "}");
  expect_error({"train", "--config", "c"}, 1, "c: expected at most 1048576 bytes, got more");
  put_file(folder_ / "c", std::string(1000000, '['));
  expect_error({"train", "--config", "c"}, 1, "c: ");
  expect_error({"train", "--config", "."}, 1, ".: can't be read");
}

TEST_F(BadInputTest, Model) {
  const std::string model = trained_model();
  expect_error({"sample", "absent"}, 1, "absent: no such file");
  for (const char* command : {"sample", "info"}) {
    put_file(folder_ / "m", model.substr(0, model.size() / 2));
    expect_error({command, "m"}, 1, "m: ");
    put_file(folder_ / "m", "garbage");
    expect_error({command, "m"}, 1, "m: ");
    put_file(folder_ / "m", "");
    expect_error({command, "m"}, 1, "m: ");
    put_file(folder_ / "m", "{}");
    expect_error({command, "m"}, 1, "m: ");
  }
  put_file(folder_ / "out/training.safetensors", "garbage");
  expect_error({"train", "--resume", "out"}, 1, "training.safetensors");
  expect_error({"sample", "out"}, 1, "training.safetensors");
  std::filesystem::remove(folder_ / "out/model.json");
  expect_error({"info", "out"}, 1, "out/model.json: no such file");
}

TEST_F(BadInputTest, Prefix) {
  trained_model();
  expect_error({"sample", "out", "--prefix", "Q"}, 1, "'Q'");
  expect_error({"sample", "out", "--prefix", "annaan"}, 1, "prefix: too long");
  EXPECT_EQ(run({"sample", "out", "--prefix", "annaa"}).status, 0);
}

TEST_F(BadInputTest, EvalOfOtherLetters) {
  trained_model();
  put_file(folder_ / "other", "anna\nQuentin\n");
  expect_error({"eval", "out", "--data", "other"}, 1, "'Q'");
}

TEST_F(BadInputTest, ControlCharactersStayAwayFromTheTerminal) {
  trained_model();
  const RunResult result = run({"sample", "out", "--engine", "\x1b[31m\u009bred\x7f\x9b\n\u00e9"});
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(contains(result.err, "\\x1b[31m\\xc2\\x9bred\\x7f\\x9b\n\u00e9")) << result.err;
}

TEST_F(BadInputTest, FolderThatCantBeUsedIsFoundBeforeTraining) {
  write_data();
  expect_error(tiny({"--out", "data"}), 1, "data: can't be used as the folder of a run");
  expect_error(tiny({"--out", "data/out"}), 1, "data/out: can't be used as the folder of a run");
  expect_error(tiny({"--out", "/dev/null"}), 1, "/dev/null: can't be used");
  EXPECT_EQ(run(tiny({"--out", "data"})).out, "");
}

TEST_F(BadInputTest, ReadOnlyFolder) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  write_data();
  mkdir((folder_ / "locked").c_str(), 0500);
  expect_error(tiny({"--out", "locked"}), 1, "locked: can't be used as the folder of a run");
}

TEST_F(BadInputTest, FullStandardOutput) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  write_data();
  RunOptions full = options(tiny({}));
  full.output = open("/dev/full", O_WRONLY | O_CLOEXEC);
  const RunResult result = run_program(full);
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(
      contains(result.err, "microgpt: standard output: can't be written, No space left on device"))
      << result.err;
  EXPECT_EQ(run({"train", "--resume", "out"}).status, 0);
  for (const Arguments& arguments : {Arguments{"info", "out"}, {"--help"}, {"man"}}) {
    RunOptions other = options(arguments);
    other.output = full.output;
    EXPECT_EQ(run_program(other).status, 1) << arguments[0];
  }
  close(full.output);
}

TEST_F(BadInputTest, FullLog) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  write_data();
  expect_error(tiny({"--log", "/dev/full"}), 1, "/dev/full: can't be written, No space left");
  EXPECT_EQ(run({"train", "--resume", "out"}).status, 0);
}

TEST_F(BadInputTest, ReaderThatGoesAway) {
  write_data();
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  close(ends[0]);
  RunOptions piped = options(tiny({}));
  piped.output = ends[1];
  const RunResult result = run_program(piped);
  EXPECT_EQ(result.status, 141);
  EXPECT_FALSE(result.killed);
  EXPECT_FALSE(contains(result.err, "microgpt: ")) << result.err;
  EXPECT_EQ(run({"train", "--resume", "out"}).status, 0);
  for (const Arguments& arguments : {Arguments{"sample", "out"}, {"--help"}}) {
    RunOptions other = options(arguments);
    other.output = ends[1];
    EXPECT_EQ(run_program(other).status, 141) << arguments[0];
  }
  close(ends[1]);
}

TEST_F(BadInputTest, ClosedStandardOutputIsNotMistakenForAFile) {
  write_data();
  const RunResult result =
      run_program({.command = {"sh", "-c", "exec \"$0\" \"$@\" >&-", MICROGPT_PROGRAM, "train",
                               "--data", "data", "--num-steps", "3", "--log", "log"},
                   .folder = folder_.path()});
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(contains(result.err, "standard output: can't be written, Bad file descriptor"))
      << result.err;
  EXPECT_FALSE(contains(file("log"), "num docs"));
}

}  // namespace
}  // namespace microgpt
