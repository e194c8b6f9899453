// microgpt bot, and what `microgpt sample` can be asked for.
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/cli_test.h"

namespace microgpt {
namespace {

// Each test has a small trained model of the letters a, b, c, d, e, l, n, o, r, v in "out".
class BotTest : public CliTest {
 protected:
  void SetUp() override {
    write_data();
    output_of(tiny({}));
    put_file(folder_ / "bad.txt", "# words\nann\n\nbob\n");
  }

  RunResult ask(const std::string& input, Arguments more = {}) {
    Arguments arguments = {"bot", "out", "--policy", "bad.txt", "--seed", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    RunOptions asked = options(arguments);
    asked.input = input;
    return run_program(asked);
  }
};

TEST_F(BotTest, OneLineForEachLine) {
  for (const auto& [input, count] : std::vector<std::pair<std::string, std::size_t>>{
           {"", 0},
           {"a", 1},
           {"a\n", 1},
           {"\n", 1},
           {"a\nb\n", 2},
           {"a\r\nb\r\n", 2},
           {"a\rb\r", 2},
           {"a\r\n\r\nb", 3},
           {"\r", 1},
           {"\n\r\n\n", 3},
           {std::string("a\0b\n", 4), 1},
           {"\xFF\xFE\n", 1},
       }) {
    const RunResult result = ask(input);
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(lines_of(result.out).size(), count) << result.out;
    for (const std::string& line : lines_of(result.out)) {
      EXPECT_TRUE(line.starts_with("OK: ") || line.starts_with("REFUSE: ")) << line;
    }
    EXPECT_EQ(result.out.empty() || result.out.back() == '\n', true);
  }
}

TEST_F(BotTest, SaysNothingBanned) {
  std::string requests;
  for (int i = 0; i < 2000; ++i) requests += i % 2 == 0 ? "an bo\n" : "\n";
  const RunResult guarded = ask(requests, {"--temperature", "0.1"});
  EXPECT_EQ(guarded.out.find("ann"), std::string::npos);
  EXPECT_EQ(guarded.out.find("bob"), std::string::npos);
  EXPECT_EQ(guarded.out.find("REFUSE"), std::string::npos);
  const RunResult off = ask(requests, {"--temperature", "0.1", "--guard", "off"});
  EXPECT_TRUE(contains(off.out, "ann") || contains(off.out, "bob"));
  EXPECT_EQ(ask(requests).out, ask(requests).out);
  EXPECT_NE(ask(requests).out, ask(requests, {"--seed", "2"}).out);
}

TEST_F(BotTest, Refuses) {
  EXPECT_EQ(ask("e bob").out,
            "REFUSE: The prefix \"bob\" contains a banned word, \"bob\", which I never say.\n");
  EXPECT_EQ(ask("e bob", {"--discreet"}).out,
            "REFUSE: Prefix 2 of the request is against the rule \"bad.txt\".\n");
  EXPECT_EQ(ask("77").out, "REFUSE: input had no usable letters.\n");
  const std::string longest(std::size_t{1} << 20, 'x');
  EXPECT_EQ(ask(longest + "x\nbob").out,
            "REFUSE: The request is longer than 1048576 bytes.\n"
            "REFUSE: The prefix \"bob\" contains a banned word, \"bob\", which I never say.\n");
  EXPECT_EQ(ask(longest).out, "REFUSE: input had no usable letters.\n");
}

TEST_F(BotTest, NamesOnly) {
  const RunResult result = ask("a d\nbob\n", {"--names-only"});
  EXPECT_EQ(lines_of(result.out).size(), 2u);
  EXPECT_TRUE(result.out.starts_with("a"));
  EXPECT_EQ(result.err,
            "REFUSE: The prefix \"bob\" contains a banned word, \"bob\", which I never say.\n");
}

// The next request comes only when the answer to the last one is there.
TEST_F(BotTest, AnswersAtOnce) {
  RunOptions asked = options({});
  asked.command = {"sh", "-c",
                   "mkfifo in out.pipe && \"$0\" bot out --policy bad.txt <in >out.pipe & "
                   "sleep 0.1; while [ ! -p out.pipe ]; do sleep 0.1; done; "
                   "exec 3>in 4<out.pipe; for i in 1 2 3; do echo d >&3; read -r answer <&4; "
                   "echo \"$i $answer\"; done",
                   MICROGPT_PROGRAM};
  asked.limit = std::chrono::seconds(60);
  const RunResult result = run_program(asked);
  EXPECT_EQ(result.status, 0) << result.err;
  const auto lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_TRUE(lines[2].starts_with("3 OK: d")) << lines[2];
}

TEST_F(BotTest, PoliciesOfTheProgramAndErrors) {
  EXPECT_EQ(run({"bot", "out", "--guard", "on"}).status, 2);
  EXPECT_EQ(run({"bot"}).status, 2);
  EXPECT_EQ(run({"bot", "out", "--seed", "x"}).err,
            "microgpt: --seed: not a whole number, expected 0 to 18446744073709551615, got 'x'\n"
            "Try 'microgpt bot --help'.\n");
  const RunResult missing = run({"bot", "out", "--policy", "no-such"});
  EXPECT_EQ(missing.status, 1);
  EXPECT_TRUE(contains(missing.err, "fruits")) << missing.err;
  put_file(folder_ / "all.json", R"({"format": "microgpt-policy-v1", "name": "all",
      "words": ["a", "b", "c", "d", "e", "l", "n", "o", "r", "v"]})");
  EXPECT_EQ(run({"bot", "out", "--policy", "all.json"}).err,
            "microgpt: policy: all leaves no name that the model could say, expected some that are "
            "allowed\n");
  // The model has no letters for most fruits.
  const RunResult fruits = run({"bot", "out"});
  EXPECT_EQ(fruits.status, 0);
  EXPECT_TRUE(contains(fruits.err, "words have letters that the model lacks")) << fruits.err;
}

// A model of bytes has no letters that a policy could read; without a guard it answers.
TEST_F(BotTest, BytesHaveNoLetters) {
  write_data("\u00e9t\u00e9\n\u00e8re\nabb\u00e9\n");
  output_of(tiny({"--tokens", "byte", "--out", "bytes"}));
  const std::string why =
      " letters, expected a model of code points or graphemes, got one of bytes\n";
  for (const Arguments& arguments : std::vector<Arguments>{
           {"bot", "bytes"}, {"audit", "bytes"}, {"sample", "bytes", "--forbid", "bad.txt"}}) {
    EXPECT_EQ(run(arguments).err, "microgpt: policy: reads" + why);
  }
  EXPECT_EQ(run({"sample", "bytes", "--length", "2..3"}).err, "microgpt: length: counts" + why);
  EXPECT_EQ(run({"sample", "bytes", "--letters", "\u00e9"}).err, "microgpt: letters: allows" + why);
  RunOptions unguarded = options({"bot", "bytes", "--guard", "off"});
  unguarded.input = "\u00c9\n";
  const RunResult off = run_program(unguarded);
  EXPECT_TRUE(off.out.starts_with("OK: \u00e9")) << off.out << off.err;
  EXPECT_EQ(off.err, "");
}

// ---- sample ----

TEST_F(BotTest, SampleWritesWhatIsAskedFor) {
  const auto sampled = [&](Arguments more) {
    Arguments arguments = {"sample", "out", "-n", "300", "--temperature", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return lines_of(output_of(arguments));
  };
  for (const char* engine : {"exact", "cpu"}) {
    for (const std::string& name : sampled({"--engine", engine, "--length", "3..4", "--ends", "a",
                                            "--starts", "b", "--letters", "abn"})) {
      EXPECT_TRUE(name.size() >= 3 && name.size() <= 4 && name.front() == 'b' && name.back() == 'a')
          << name;
      EXPECT_EQ(name.find_first_not_of("abn"), std::string::npos) << name;
    }
    for (const std::string& name : sampled({"--engine", engine, "--forbid", "bad.txt"})) {
      EXPECT_FALSE(contains(name, "ann") || contains(name, "bob")) << name;
    }
  }
  const auto greedy = sampled({"--temperature", "0", "--ends", "v"});
  EXPECT_EQ(greedy.front(), greedy.back());
  EXPECT_EQ(greedy.front().back(), 'v');
}

TEST_F(BotTest, SampleErrors) {
  EXPECT_EQ(run({"sample", "out", "--length", "3-4"}).status, 2);
  EXPECT_EQ(run({"sample", "out", "--tries", "0"}).status, 1);
  EXPECT_EQ(run({"sample", "out", "--ends", "xyz"}).status, 1);
  EXPECT_EQ(run({"sample", "out", "--length", "7"}).err,
            "microgpt: length: expected at least 7 and at most 6 letters, which none has\n");
  EXPECT_EQ(run({"sample", "out", "--prefix", "bob", "--forbid", "bad.txt"}).err,
            "microgpt: prefix: no document that begins with \"bob\" is allowed, expected another "
            "prefix or other rules\n");
}

// A program that shares nothing with this one looks for banned names.
TEST_F(BotTest, NothingIsFoundByAHunter) {
  if (run_program({.command = {"sh", "-c", "command -v python3"}}).status != 0) {
    GTEST_SKIP() << "python3 is not there";
  }
  output_of({"train", "--data", "embedded", "--num-steps", "200", "--out", "names"});
  const RunResult hunted =
      run_program({.command = {"python3", MICROGPT_SOURCE_DIR "/tests/guardrails/hunt.py",
                               MICROGPT_PROGRAM, folder_ / "names", "12", "300"}});
  EXPECT_EQ(hunted.status, 0) << hunted.out << hunted.err;
}

}  // namespace
}  // namespace microgpt
