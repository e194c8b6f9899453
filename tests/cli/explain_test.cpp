// microgpt explain, and the book that it writes.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "cli/cli_test.h"

namespace microgpt {
namespace {

using Json = nlohmann::json;

class ExplainTest : public CliTest {
 protected:
  std::string explain(Arguments arguments) const {
    arguments.insert(arguments.begin(), "explain");
    return output_of(arguments);
  }

  Json explain_json(Arguments arguments) const {
    arguments.push_back("--json");
    return Json::parse(explain(arguments));
  }

  // Expects the command line to be refused.
  void expect_error(Arguments arguments, int status, const std::string& message) const {
    arguments.insert(arguments.begin(), "explain");
    const RunResult result = run(arguments);
    EXPECT_EQ(result.status, status) << message;
    EXPECT_EQ(result.out, "");
    EXPECT_TRUE(contains(result.err, message)) << result.err;
  }
};

// The numbers of a name in what `trace --json` printed.
Json find_traced(const Json& trace, const std::string& name) {
  for (const Json& traced : trace["traced"]) {
    if (traced["name"] == name) return traced["data"];
  }
  return nullptr;
}

std::size_t longest_line(const std::string& text) {
  std::size_t longest = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) longest = std::max(longest, line.size());
  return longest;
}

// The book of the tree is what the program writes: every number in it is made anew here.
TEST_F(ExplainTest, TheBookIsUpToDate) {
  output_of({"explain", "--book", folder_ / "new/book"});
  const std::filesystem::path kept = std::string(MICROGPT_SOURCE_DIR) + "/docs/book";
  std::set<std::string> names;
  for (const auto& root : {std::filesystem::path(folder_ / "new/book"), kept}) {
    for (const auto& entry : std::filesystem::directory_iterator(root)) {
      names.insert(entry.path().filename());
    }
  }
  EXPECT_EQ(names.size(), 15u);
  for (const std::string& name : names) {
    EXPECT_TRUE(file("new/book/" + name) == get_file(kept / name))
        << name << " is not what `make book` writes";
  }
}

// Its run is that of `microgpt train`.
TEST_F(ExplainTest, TheRunIsTheProgramsOwn) {
  const std::string printed = output_of({"train", "--data", "embedded"});
  const std::string text = explain({"184"}) + explain({"189"}) + explain({"197"}) + explain({"21"});
  for (const std::string before :
       {"step    3 / 1000 | loss ", "step 1000 / 1000 | loss ", "sample  1: ", "sample 10: "}) {
    const std::size_t begin = printed.find(before) + before.size();
    const std::string made = printed.substr(begin, printed.find('\n', begin) - begin);
    EXPECT_TRUE(contains(text, made)) << before << made;
  }
}

TEST_F(ExplainTest, ListsTheParts) {
  const std::string list = explain({});
  EXPECT_TRUE(contains(list, "\nRMSNorm (rmsnorm)\n  103-106  A vector of standard size\n"));
  const Json json = explain_json({});
  EXPECT_EQ(json.size(), 14u);
  EXPECT_EQ(json[7]["name"], "rmsnorm");
  EXPECT_EQ(json[7]["sections"][0]["lines"], (Json{103, 106}));
}

TEST_F(ExplainTest, ExplainsALine) {
  const std::string text = explain({"94"});
  EXPECT_TRUE(text.starts_with("Weighted sums\n\nLines 94-95 of microgpt.py: `linear`"));
  EXPECT_TRUE(contains(text, "\nWhy. A row is"));
  EXPECT_FALSE(contains(text, "{{"));
  EXPECT_FALSE(contains(text, "**"));
  EXPECT_LE(longest_line(text), 80u);
  EXPECT_EQ(explain_json({"95"})["sections"], explain_json({"94"})["sections"]);
}

TEST_F(ExplainTest, ExplainsANumber) {
  const Json json = explain_json({"pos2.layer0.q"});
  ASSERT_EQ(json["numbers"].size(), 16u);
  EXPECT_EQ(explain_json({"pos2.layer0.q[3]"})["numbers"], (Json{json["numbers"][3]}));
  const std::string shown = explain({"pos2.layer0.q"});
  EXPECT_TRUE(shown.starts_with("pos2.layer0.q = linear(attn_norm.x, attn_wq)\n  ")) << shown;
  EXPECT_TRUE(contains(shown, " ...\n\nQuery, key and value\n"));
}

TEST_F(ExplainTest, TakesAnotherModelAndText) {
  const std::string plain = explain({"rmsnorm"});
  const std::string emma = explain({"rmsnorm", "--text", "emma"});
  const std::string toy = explain({"rmsnorm", "--model", "toy", "--text", "ab"});
  EXPECT_NE(emma, plain);
  EXPECT_NE(toy, plain);
  EXPECT_TRUE(contains(toy, "2.2086"));  // the toy's own scale, twice
  write_data();
  output_of(tiny({}));
  EXPECT_TRUE(contains(explain({"logits", "--model", "out", "--text", "anna"}), "`anna`"));
  EXPECT_TRUE(contains(explain({"160", "--text", "ab"}), "n/a"));
}

// The same numbers as `microgpt trace --step` has of a run, which has moments and a step of its
// own.
TEST_F(ExplainTest, AgreesWithTrace) {
  write_data();
  output_of(tiny({"--num-steps", "7"}));
  const Json traced = Json::parse(output_of({"trace", "out", "anna", "--step", "--json"}));
  EXPECT_EQ(explain_json({"adam.wte.m_hat", "--model", "out", "--text", "anna"})["numbers"],
            find_traced(traced, "adam.wte.m_hat"));
  output_of(tiny({"--optimizer", "sgd", "--out", "sgd"}));
  EXPECT_TRUE(contains(explain({"176", "--model", "sgd", "--text", "anna"}), "n/a"));
}

TEST_F(ExplainTest, SaysWhoseNumbersTheyAre) {
  const std::string head = "The words are about the first step of an untrained model, on `tono`; ";
  EXPECT_FALSE(contains(explain({"129"}), head));
  EXPECT_TRUE(explain({"129", "--text", "emma"})
                  .starts_with(head + "only the numbers are those of it on `emma`.\n"));
  const Arguments toy = {"129", "--model", "toy"};
  EXPECT_TRUE(
      explain(toy).starts_with(head + "only the numbers are those of the model toy on `ab`.\n"));
  EXPECT_TRUE(contains(explain_json(toy)["remark"].get<std::string>(), "the model toy on `ab`"));
  EXPECT_EQ(explain({"wte[0][0]", "--model", "untrained", "--text", "ab"}).find(", a parameter"),
            std::string::npos);
  EXPECT_TRUE(
      contains(explain({"wte[0][0]", "--model", "toy"}), "wte[0][0], a parameter\n  0.2000"));
  explain({"--book", "toy", "--model", "toy"});
  for (const char* page : {"toy/README.md", "toy/07-rmsnorm.md"}) {
    EXPECT_TRUE(contains(file(page), "\n\n" + head)) << page;
  }
}

TEST_F(ExplainTest, ANameMayBeANumberToo) {
  EXPECT_EQ(explain_json({"wte"})["numbers"].size(), 432u);
  const std::string loss = explain({"loss"});
  EXPECT_TRUE(loss.starts_with("loss = ")) << loss;
  EXPECT_TRUE(contains(loss, "\nThe loss\n"));
  EXPECT_FALSE(explain_json({"ms"}).contains("numbers"));
}

TEST_F(ExplainTest, APartBeginsWithItsIntroduction) {
  EXPECT_TRUE(explain({"attention"}).starts_with("Attention\n\nTo guess the next letter"));
  EXPECT_TRUE(
      explain_json({"attention"})["introduction"].get<std::string>().starts_with("To guess"));
  EXPECT_FALSE(contains(explain({"110"}), "To guess"));
  const std::string preface = explain({"preface"});
  EXPECT_TRUE(contains(preface, "gist.github.com/"));
  EXPECT_FALSE(contains(preface, "](")) << preface;
}

// Letters that mean something in Markdown.
TEST_F(ExplainTest, ShowsAnyLetters) {
  write_data("a|b`c*d**e\n");
  output_of({"train", "--data", "data", "--num-steps", "2"});
  const Arguments forward = {"163", "--model", "out", "--text", "|`**"};
  const std::string shown = explain(forward);
  EXPECT_TRUE(contains(shown, "\n| 0        | `BOS`   | `|`        | ")) << shown;
  EXPECT_TRUE(contains(shown, "\n| 1        | `|`     | `` ` ``    | ")) << shown;
  EXPECT_TRUE(contains(shown, "\n| 2        | `` ` `` | `*`        | ")) << shown;
  EXPECT_TRUE(contains(explain({"157", "--model", "out", "--text", "a**e"}), "`a**e`"));
  explain({"--book", "pages", "--model", "out", "--text", "|`"});
  EXPECT_TRUE(contains(file("pages/11-training.md"), "\n| 1        | `\\|`  "));
}

TEST_F(ExplainTest, LeavesAnotherReadMeAlone) {
  std::filesystem::create_directory(folder_ / "mine");
  put_file(folder_ / "mine/README.md", "# Mine\n");
  expect_error({"--book", "mine"}, 1, "mine/README.md: expected none or the book's own");
  EXPECT_EQ(file("mine/README.md"), "# Mine\n");
  EXPECT_FALSE(exists("mine/00-preface.md"));
  explain({"--book", "pages"});
  explain({"--book", "pages", "--text", "emma"});
  explain({"--book", "pages"});
}

TEST_F(ExplainTest, QuotesASource) {
  MICROGPT_NEED_SHARED();
  const std::string source = kShared + "/oracle/microgpt.py";
  const std::string text = explain({"105", "--source", source});
  EXPECT_TRUE(text.starts_with("  103  def rmsnorm(x):\n  104      ms = ")) << text;
  EXPECT_EQ(explain_json({"105", "--source", source})["sections"][0]["source"][0],
            "def rmsnorm(x):");
}

TEST_F(ExplainTest, SaysWhatIsWrong) {
  put_file(folder_ / "mine.py", "print('hello')\n");
  put_file(folder_ / "binary.py", std::string("\0\1\2", 3));
  expect_error({"105", "--source", "mine.py"}, 1, "mine.py: not the final edition of microgpt.py");
  expect_error({"105", "--source", "binary.py"}, 1, "binary.py: not the final edition");
  expect_error({"105", "--source", "none.py"}, 1, "none.py: ");
  expect_error({"105", "--source", "."}, 1, ".: ");
  expect_error({"rmsnrom"}, 1, "similar: rmsnorm,");
  expect_error({"\x1b[31m"}, 1, "no '\\x1b[31m'");
  expect_error({"201"}, 1, "expected 1 to 200");
  expect_error({"rmsnorm", "--text", "n1"}, 1, "'1'");
  expect_error({"rmsnorm", "--model", "untrained"}, 2, "--model: expected --text as well");
  expect_error({"rmsnorm", "--text", "abcdefghijklmnopq"}, 1, "use a shorter text");
  expect_error({"pos2.layer0"}, 1, "microgpt trace MODEL TEXT --at pos2.layer0");
  expect_error({"--book", "b", "--json"}, 2, "expected no --json and no --source");
  expect_error({"--book", "b", "--source", "x"}, 2, "expected no --json and no --source");
  expect_error({"rmsnorm", "--model", "none", "--text", "a"}, 1, "none");
  expect_error({"rmsnorm", "--book", "b"}, 2, "expected no line or name, got 'rmsnorm'");
  expect_error({"--book", "mine.py"}, 1, "mine.py");
  expect_error({"rmsnorm", "linear"}, 2, "linear");
}

}  // namespace
}  // namespace microgpt
