// microgpt audit.
#include <csignal>
#include <thread>

#include "cli/cli_test.h"

namespace microgpt {
namespace {

using Json = nlohmann::json;

class AuditTest : public CliTest {
 protected:
  void SetUp() override {
    write_data("anna\nbob\ncarla\nanna\ndan\neve\n");
    output_of(tiny({}));
    put_file(folder_ / "words", "ann\n# a comment\nbobo\nxyz\n");
  }

  Json json_of(Arguments more) const {
    Arguments arguments = {"audit", "out", "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Json::parse(output_of(std::move(arguments)));
  }

  void expect_error(Arguments more, int status, const std::string& message) const {
    Arguments arguments = {"audit"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const RunResult result = run(std::move(arguments));
    EXPECT_EQ(result.status, status) << message;
    EXPECT_TRUE(contains(result.err, message)) << result.err;
    EXPECT_EQ(result.out, "");
  }
};

TEST_F(AuditTest, ATableForPeople) {
  const RunResult result = run({"audit", "out", "--policy", "words", "--prefix", "ann"});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.err, "");
  for (const char* part :
       {"model   out, temperature 0.7\n", "policy  words, 3 words, 1 of them not in the model's",
        "\n  (none) ", "\n  ann  ", "refuses: ann\n", "ann...",
        "prefixes of 3 letters refused: 1 of", "\n  2 of 6 names are unsafe, 1 of them different\n",
        "Nothing unsafe can be written", "none was sampled"}) {
    EXPECT_TRUE(contains(result.out, part)) << part << "\n" << result.out;
  }
}

TEST_F(AuditTest, JsonSaysTheSameInFull) {
  const Json json = json_of({"--policy", "words", "--prefix", "an", "--prefix", "b"});
  EXPECT_EQ(json["format"], "microgpt-audit-v1");
  EXPECT_EQ(json["policy"], (Json{{"name", "words"}, {"words", 3}, {"unspellable", 1}}));
  EXPECT_EQ(json["certificate"]["holds"], true);
  const std::size_t letters = 10;
  ASSERT_EQ(json["prefixes"].size(), 1 + letters + letters * letters + letters * letters * letters);
  EXPECT_EQ(json["unsafe"], json["prefixes"][0]["unsafe"]);
  double begins = json["prefixes"][0]["unsafe"]["at_least"];
  EXPECT_GT(begins, 0);
  std::size_t refused = 0;
  for (const Json& prefix : json["prefixes"]) {
    EXPECT_LE(prefix["unsafe"]["at_least"], prefix["unsafe"]["at_most"]);
    refused += prefix["refused"] == true ? 1u : 0u;
    if (prefix["prefix"] != "ann") continue;
    EXPECT_EQ(prefix["unsafe"], (Json{{"at_least", 1.0}, {"at_most", 1.0}}));
    EXPECT_EQ(prefix["certified"], nullptr);
    EXPECT_EQ(prefix["word"], "ann");
  }
  EXPECT_EQ(refused, 1u);
  ASSERT_EQ(json["lengths"].size(), 3u);
  EXPECT_EQ(json["lengths"][2]["refused"], 1);
  ASSERT_EQ(json["attacks"].size(), 2u);
  EXPECT_EQ(json["attacks"][1]["prefix"], "b");
  EXPECT_EQ(json["attacks"][0]["witnesses"][0]["text"], "ann");
  EXPECT_EQ(json["data"]["unsafe"], 2);
  EXPECT_EQ(json["data"]["is_other"], false);
  EXPECT_EQ(json["data"]["names"][0]["times"], 2);
}

TEST_F(AuditTest, ThreadsDontMatter) {
  const Json one = json_of({"--policy", "words", "--threads", "1"});
  EXPECT_EQ(json_of({"--policy", "words", "--threads", "3"}), one);
}

TEST_F(AuditTest, OptionsAreTaken) {
  const Json json = json_of({"--policy", "words", "--prefix-length", "0", "--witnesses", "1",
                             "--prune", "0", "--temperature", "1.5"});
  EXPECT_EQ(json["prefixes"].size(), 1u);
  EXPECT_EQ(json["witnesses"].size(), 1u);
  EXPECT_EQ(json["temperature"], 1.5);
  EXPECT_NEAR(json["unsafe"]["at_least"], json["unsafe"]["at_most"], 1e-12);
  EXPECT_TRUE(contains(output_of({"audit", "out"}), "policy  fruits, "));
}

// Tags are closed but for those that HTML closes itself, and nothing is loaded from elsewhere.
TEST_F(AuditTest, TheReportNeedsNoOtherFile) {
  put_file(folder_ / "<words>", "ann\n");
  const RunResult result =
      run({"audit", "out", "--policy", "<words>", "--html", "report.html", "--prefix", "b"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.err, "the report is in report.html\n");
  const std::string report = file("report.html");
  EXPECT_TRUE(contains(report, "by the policy &lt;words&gt;</title>"));
  for (const char* part : {"http:", "https:", "<script", "<words>", "src="}) {
    EXPECT_FALSE(contains(report, part)) << part;
  }
  for (const char* part : {"<svg", "<rect", "<title>an: ", "color-scheme: light dark", "</html>"}) {
    EXPECT_TRUE(contains(report, part)) << part;
  }
  put_file(folder_ / "check.py", R"(import html.parser, sys
class Checker(html.parser.HTMLParser):
    open = []
    def handle_starttag(self, tag, attributes):
        if tag not in "meta tr td th rect".split() or tag == "rect": self.open.append(tag)
    def handle_endtag(self, tag):
        assert self.open.pop() == tag, (tag, self.getpos())
checker = Checker()
checker.feed(open("report.html").read())
assert not checker.open, checker.open
)");
  const RunResult checked =
      run_program({.command = {"python3", "check.py"}, .folder = folder_.path()});
  EXPECT_EQ(checked.status, 0) << checked.err;
}

TEST_F(AuditTest, ScrubWritesWhatIsLeft) {
  const RunResult result = run({"audit", "out", "--policy", "words", "--scrub", "clean"});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.err, "4 of 6 names, all but the 2 unsafe ones, are in clean\n");
  EXPECT_EQ(file("clean"), "bob\ncarla\ndan\neve\n");
  put_file(folder_ / "all", "a\nb\nc\nd\ne\n");
  expect_error({"out", "--policy", "all", "--scrub", "none"}, 1,
               "none: not written, as every name is unsafe");
  EXPECT_FALSE(exists("none"));
}

TEST_F(AuditTest, DataThatIsNotThere) {
  std::filesystem::remove(folder_ / "data");
  const std::string table = output_of({"audit", "out", "--policy", "words"});
  EXPECT_TRUE(contains(table, "training data  not judged: ")) << table;
  EXPECT_TRUE(json_of({"--policy", "words"})["data"].is_null());
  expect_error({"out", "--policy", "words", "--scrub", "clean"}, 1, "--scrub: ");
  expect_error({"out", "--policy", "words", "--data", "data"}, 1, "data: ");
  put_file(folder_ / "other", "anna\nhanna\n");
  const Json json = json_of({"--policy", "words", "--data", "other"});
  EXPECT_EQ(json["data"]["is_other"], true);
  EXPECT_EQ(json["data"]["unsafe"], 2);
  EXPECT_TRUE(json["data"]["names"][1]["probability"].is_null());  // no h
}

TEST_F(AuditTest, BadInput) {
  expect_error({"absent"}, 1, "absent");
  expect_error({"out", "--policy", "absent"}, 1, "absent: no policy of this name and no file");
  expect_error({"out", "--prefix-length", "4"}, 2, "--prefix-length: expected 0 to 3, got 4");
  expect_error({"out", "--witnesses", "-1"}, 2, "--witnesses: expected 0 to 1000000, got -1");
  expect_error({"out", "--prune", "2"}, 1, "prune: out of range, expected 0 to 1, got 2");
  expect_error({"out", "--prefix", "annaan"}, 1, "prefix: too long, expected at most 5 letters");
  expect_error({"out", "--prefix", "z"}, 1, "z");
  expect_error({"out", "--threads", "0"}, 2, "--threads: expected 1 to 1024, got 0");
  // What was computed is not lost with a file that can't be written.
  const RunResult unwritable = run({"audit", "out", "--html", "absent/report.html"});
  EXPECT_EQ(unwritable.status, 1);
  EXPECT_TRUE(contains(unwritable.err, "absent/report.html: can't be opened")) << unwritable.err;
  EXPECT_TRUE(contains(unwritable.out, "what the policy costs")) << unwritable.out;
}

TEST_F(AuditTest, AnInterruptStopsIt) {
  RunOptions long_one = options({"audit", "out", "--policy", "words", "--prune", "0", "--scrub",
                                 "clean", "--html", "report.html"});
  output_of({"train", "--data", "data", "--block-size", "16", "--num-steps", "3", "--out", "out"});
  Process process(long_one);
  while (!exists("clean")) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  process.send(SIGINT);
  const RunResult result = process.wait();
  EXPECT_EQ(result.status, 128 + SIGINT);
  EXPECT_FALSE(result.killed);
  EXPECT_EQ(result.out, "");
  EXPECT_FALSE(exists("report.html"));
}

}  // namespace
}  // namespace microgpt
