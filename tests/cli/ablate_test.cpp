// microgpt ablate.
#include <algorithm>
#include <csignal>

#include "cli/cli_test.h"

namespace microgpt {
namespace {

using Json = nlohmann::json;

class AblateTest : public CliTest {
 protected:
  void SetUp() override { write_data("anna\nbob\ncarla\nanna\ndan\neve\nbea\nada\nced\nnora\n"); }

  static Arguments study(Arguments more) {
    Arguments arguments = {"ablate", "--data",  "data", "--n-embd", "4", "--n-head",
                           "2",      "--seeds", "3",    "--steps",  "30"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  void expect_error(Arguments more, int status, const std::string& message) const {
    const RunResult result = run(study(std::move(more)));
    EXPECT_EQ(result.status, status) << message;
    EXPECT_TRUE(contains(result.err, message)) << result.err;
    EXPECT_EQ(result.out, "");
  }
};

TEST_F(AblateTest, ATableForPeople) {
  const RunResult result = run(study({"--variants", "no-wpe,one-head"}));
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.err, "");
  const auto lines = lines_of(result.out);
  ASSERT_GE(lines.size(), 12u) << result.out;
  EXPECT_EQ(lines[0], "data      data, 10 documents");
  EXPECT_TRUE(lines[1].starts_with("training  30 steps for each of the seeds 42 to 44; "));
  EXPECT_TRUE(lines[3].starts_with("variant        runs  parameters  train loss  held-out loss"));
  EXPECT_TRUE(lines[4].starts_with("unchanged         3         344 ")) << lines[4];
  EXPECT_TRUE(lines[5].starts_with("no-wpe            3         280 ")) << lines[5];
  EXPECT_TRUE(contains(lines[5], " +- ") && lines[5].ends_with(" wpe on -> off")) << lines[5];
  EXPECT_TRUE(lines[6].ends_with(" n_head 2 -> 1")) << lines[6];
  EXPECT_TRUE(lines[8].starts_with("difference    ")) << lines[8];
  EXPECT_EQ(std::ranges::count(lines[9], '|'), 2) << lines[9];
  EXPECT_TRUE(contains(lines[10].substr(13), "o")) << lines[10];
  EXPECT_TRUE(contains(result.out, "half a 95 % confidence interval")) << result.out;
}

TEST_F(AblateTest, ThreadsDontMatter) {
  const std::string one = output_of(study({"--threads", "1"}));
  EXPECT_EQ(output_of(study({"--threads", "3"})), one);
  EXPECT_NE(output_of(study({"--seed", "7"})), one);
  EXPECT_EQ(lines_of(one)[4 + 11].substr(0, 12), "double-width");
}

TEST_F(AblateTest, JsonSaysTheSameInFull) {
  const Json json = Json::parse(output_of(
      study({"--variants", "sgd", "--json", "--held-out", "0.4", "--optimizer", "adam"})));
  EXPECT_EQ(json["format"], "microgpt-ablation-v1");
  EXPECT_EQ(json["documents"], 10);
  EXPECT_EQ(json["settings"]["n_embd"], 4);
  EXPECT_EQ(json["settings"]["num_steps"], 30);
  EXPECT_EQ(json["first_seed"], 42);
  EXPECT_EQ(json["seeds"], 3);
  EXPECT_EQ(json["held_out"], 0.4);
  ASSERT_EQ(json["variants"].size(), 2u);
  const Json &base = json["variants"][0], &sgd = json["variants"][1];
  EXPECT_EQ(base["name"], "unchanged");
  EXPECT_EQ(base["difference"], (Json{{"n", 3}, {"mean", 0.0}, {"margin", 0.0}}));
  EXPECT_EQ(base["num_params"], 344);
  EXPECT_EQ(sgd["held_out_loss"]["n"], 3);
  EXPECT_NEAR(
      sgd["held_out_loss"]["mean"].get<double>() - base["held_out_loss"]["mean"].get<double>(),
      sgd["difference"]["mean"].get<double>(), 1e-12);
  EXPECT_GT(sgd["difference"]["margin"], 0.0);
}

TEST_F(AblateTest, ListsWhatCanBeChanged) {
  const RunResult result = run({"ablate", "--list", "--n-head", "1"});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.err,
            "left out: variant one-head: would change nothing, the model is that already\n");
  const auto lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 11u);
  EXPECT_EQ(lines[0], "unchanged     as the settings say");
  EXPECT_EQ(lines[1], "no-rmsnorm    rmsnorm on -> off");
}

TEST_F(AblateTest, OneSeedHasNoInterval) {
  const std::string table = output_of(study({"--seeds", "1", "--variants", "no-wpe"}));
  EXPECT_FALSE(contains(lines_of(table)[5], "+-")) << table;
  EXPECT_TRUE(contains(table, "One run has no confidence interval: it takes two seeds or more.\n"));
}

TEST_F(AblateTest, DivergedRunsAreSaid) {
  for (const char* rate : {"1e30", "1e300"}) {  // losses that are absurd, and no numbers
    const RunResult result = run(study({"--variants", "no-rmsnorm", "--optimizer", "sgd", "--steps",
                                        "1", "--learning-rate", rate}));
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_TRUE(contains(result.out, "no-rmsnorm: 3 of 3 runs diverged and are in no figure\n"))
        << result.out;
  }
}

TEST_F(AblateTest, AFileThatCannotBeWrittenCostsNoOther) {
  const RunResult result = run(study({"--svg", "no/such.svg", "--html", "report.html"}));
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(contains(result.err, "no/such.svg")) << result.err;
  EXPECT_TRUE(contains(file("report.html"), "</html>"));
  for (const Arguments& wrong :
       {Arguments{"--held-out", "7"}, {"--seed", "18446744073709551615"}}) {
    EXPECT_EQ(run(study(wrong)).status, 1) << wrong[0];
  }
}

// Elements are closed but for those that HTML closes itself, and nothing is loaded from elsewhere.
TEST_F(AblateTest, PicturesNeedNoOtherFile) {
  put_file(folder_ / "<data>", file("data"));
  const RunResult result =
      run(study({"--data", "<data>", "--html", "report.html", "--svg", "picture.svg"}));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.err, "the picture is in picture.svg\nthe report is in report.html\n");
  const std::string report = file("report.html"), picture = file("picture.svg");
  EXPECT_TRUE(contains(report, picture));
  EXPECT_TRUE(contains(report, "&lt;data&gt;"));
  for (const char* part : {"https:", "<script", "<data>", "src=", "nan", "inf"}) {
    EXPECT_FALSE(contains(report, part)) << part;
  }
  EXPECT_TRUE(contains(report, "<td>n_head 2 -&gt; 1")) << report;
  put_file(folder_ / "check.py", R"(import html.parser, xml.etree.ElementTree
class Checker(html.parser.HTMLParser):
    open = []
    def handle_starttag(self, tag, attributes):
        if tag not in "meta tr td th".split(): self.open.append(tag)
    def handle_startendtag(self, tag, attributes): pass
    def handle_endtag(self, tag):
        if tag != "p": assert self.open.pop() == tag, (tag, self.getpos())
        else: assert self.open.pop() == "p"
checker = Checker()
checker.feed(open("report.html").read())
assert not checker.open, checker.open
svg = xml.etree.ElementTree.parse("picture.svg").getroot()
rows = [g for g in svg if g.tag.endswith("}g")]
assert len(rows) == 11, rows
width = float(svg.get("width"))
for row in rows:
    x = float(next(part for part in row if part.tag.endswith("}circle")).get("cx"))
    assert 0 < x < width, x
)");
  const RunResult checked =
      run_program({.command = {"python3", "check.py"}, .folder = folder_.path()});
  EXPECT_EQ(checked.status, 0) << checked.err;
}

TEST_F(AblateTest, BadInput) {
  expect_error({"--variants", "no-rmsnrm"}, 1,
               "variant: nothing is called 'no-rmsnrm'; similar: no-rmsnorm, ");
  expect_error({"--variants", "no-wpe,"}, 1, "variant: nothing is called ''");
  expect_error({"--variants", "one-head", "--n-head", "1"}, 1, "would change nothing");
  expect_error({"--n-head", "3"}, 1, "n_head: does not divide n_embd");
  expect_error({"--n-head", "x"}, 2, "--n-head: not a whole number");
  expect_error({"--seeds", "0"}, 1, "seeds: out of range, expected 1 to 1000000, got 0");
  expect_error({"--steps", "0"}, 1, "num_steps: expected 1 or more, got 0");
  expect_error({"--steps", "-1"}, 1, "num_steps: out of range");
  expect_error({"--held-out", "1"}, 1, "held_out: out of range");
  expect_error({"--threads", "0"}, 1, "threads: out of range");
  expect_error({"--data", "absent"}, 1, "absent: ");
  expect_error({"--batch-size", "11"}, 1, "batch_size: a batch larger than the data");
  expect_error({"--seed", "-1"}, 2, "--seed: ");
  write_data("anna\nanna\n");
  expect_error({}, 1, "split: expected documents that differ");
}

// What was computed is not lost with a file that can't be written.
TEST_F(AblateTest, AFileThatCantBeWritten) {
  const RunResult result = run(study({"--variants", "no-wpe", "--html", "absent/report.html"}));
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(contains(result.err, "absent/report.html: can't be opened")) << result.err;
  EXPECT_TRUE(contains(result.out, "wpe on -> off")) << result.out;
}

TEST_F(AblateTest, AnInterruptShowsWhatIsDone) {
  const RunResult result =
      interrupt(study({"--variants", "no-wpe", "--seeds", "1000000", "--threads", "2"}), SIGINT);
  EXPECT_EQ(result.status, 128 + SIGINT);
  EXPECT_FALSE(result.killed);
  EXPECT_EQ(result.err, "stopped: this is of the runs that are done\n");
  EXPECT_TRUE(contains(result.out, "wpe on -> off")) << result.out;
}

}  // namespace
}  // namespace microgpt
