// microgpt trace: its page, its cards, its JSON, its report, and its messages.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "cli/cli_test.h"
#include "support/python.h"

namespace microgpt {
namespace {

using Json = nlohmann::json;

constexpr char kCheckReport[] = R"(
import html.parser, json, re
page = open(path, encoding='utf-8').read()
class Checker(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.ids, self.links, self.open, self.text, self.rows = set(), [], [], '', 0
    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        for name in ('src', 'href', 'action', 'data'):
            assert not re.match(r'(https?:)?//', attributes.get(name) or ''), attributes
            if tag == 'a': self.links.append(attributes['href'])
        assert tag not in ('img', 'iframe', 'link', 'object', 'form'), tag
        if 'id' in attributes:
            assert attributes['id'] not in self.ids, attributes
            self.ids.add(attributes['id'])
        if tag in ('section', 'script', 'main', 'table', 'style', 'a', 'bdi'): self.open.append(tag)
    def handle_endtag(self, tag):
        if tag in ('section', 'script', 'main', 'table', 'style', 'a', 'bdi'):
            assert self.open.pop() == tag, tag
    def handle_data(self, data):
        if 'script' not in self.open: self.text += data
checker = Checker()
checker.feed(page)
checker.close()
assert not checker.open, checker.open
traced = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])
for link in set(checker.links):
    address = link.removeprefix('#')
    if '.' in address:
        t, i = map(int, address.split('.'))
        assert 0 <= i < len(traced[t]['data']), link
    else:
        assert address in checker.ids, link
assert part or all(traced)
for t, x in enumerate(traced):
    for formula in x.get('formulas', []) + x.get('grads', []) if x else []:
        for u, i in re.findall(r'{(\d+):(\d+)}', formula): traced[int(u)]['data'][int(i)]
    if not x or not (x['name'] + '.').startswith(part): continue  # else complete without JavaScript
    assert x['name'] in checker.text and f't{t}' in checker.ids, x['name']
    for i in range(len(x['data'])): assert f'href=#{t}.{i}' in page or f'"#{t}.{i}"' in page
assert page.count('<script') == 2 and 'http://' not in page and 'https://' not in page
print('good', len(traced), 'alert' in page, len(page.encode()))
)";

class TraceCommandTest : public CliTest {
 protected:
  Json json_of(Arguments arguments) const {
    arguments.insert(arguments.begin(), "trace");
    arguments.push_back("--json");
    const Json json = Json::parse(output_of(arguments), nullptr, false);
    EXPECT_FALSE(json.is_discarded());
    return json;
  }

  // A script that checks the report of the numbers whose names begin so.
  std::string check_report(const std::string& part) const {
    return "path, part = '" + (folder_ / "report.html") + "', '" + part + "'" + kCheckReport;
  }

  // A refused call: one message, the right status, nothing printed.
  void expect_error(Arguments arguments, int status, const std::string& message) const {
    arguments.insert(arguments.begin(), "trace");
    const RunResult result = run(arguments);
    EXPECT_EQ(result.status, status) << arguments.back();
    EXPECT_EQ(result.out, "") << arguments.back();
    EXPECT_TRUE(result.err.starts_with("microgpt: " + message)) << result.err;
  }
};

Json traced_of(const Json& json, const std::string& name) {
  for (const Json& traced : json["traced"]) {
    if (traced["name"] == name) return traced;
  }
  ADD_FAILURE() << name << " is not there";
  return {};
}

TEST_F(TraceCommandTest, TheToysPage) {
  const std::string page = get_file(MICROGPT_SOURCE_DIR "/tests/cli/trace_toy_ab.txt");
  EXPECT_EQ(output_of({"trace", "toy", "ab"}), page);
  EXPECT_EQ(output_of({"trace", "--model", "toy", "ab"}), page);
  EXPECT_EQ(output_of({"trace", "ab", "--model", "toy"}), page);
}

TEST_F(TraceCommandTest, GradientsAndTheUpdateStandBeside) {
  const std::string page = output_of({"trace", "toy", "ab", "--step"});
  EXPECT_TRUE(contains(page,
                       "\nupdate 1 by Adam, from this text alone\n  lr_t 0.01, beta1 0.85, beta2 "
                       "0.99, eps_adam 1e-08\n"));
  EXPECT_TRUE(contains(page, "gradient"));
  EXPECT_TRUE(contains(page, "\n      new data "));
  EXPECT_FALSE(contains(output_of({"trace", "toy", "ab"}), "gradient"));
}

TEST_F(TraceCommandTest, APartIsShownWhole) {
  const std::string part = output_of({"trace", "untrained", "emma", "--at", "pos2.layer0.head1"});
  EXPECT_TRUE(contains(part, "layer0.head1.weights [3]"));
  EXPECT_FALSE(contains(part, "head2"));
  EXPECT_FALSE(contains(part, "pos1:"));
  const std::string whole = output_of({"trace", "untrained", "emma"});
  EXPECT_TRUE(contains(whole, "432 numbers; --at wte shows them"));
  EXPECT_TRUE(contains(whole, "and 44 more; --at pos0.layer0.mlp_pre shows them"));
  const std::string wte = output_of({"trace", "untrained", "emma", "--at", "wte"});
  EXPECT_TRUE(contains(wte, "      [26] "));
  EXPECT_TRUE(contains(output_of({"trace", "toy", "ab", "--at", "adam.wte"}), "adam.wte.m_hat"));
}

TEST_F(TraceCommandTest, TheCardOfANumber) {
  const std::string card = output_of({"trace", "toy", "ab", "--cache", "printed", "--backward",
                                      "--at", "pos2.layer0.head0.scores[1]"});
  EXPECT_EQ(card.substr(0, card.rfind(':')),
            "pos2.layer0.head0.scores[1] = 0.11556800593079623\n"
            "  to the bit    0x1.d95dd65efcbd3p-4\n"
            "  in short      dots / head_dim**0.5\n"
            "  formula       pos2.layer0.head0.dots[1]*0.7071067811865475\n"
            "  in numbers    0.16343784136374634*0.7071067811865475\n"
            "  made of       pos2.layer0.head0.dots[1] = 0.16343784136374634\n"
            "  used by       pos2.layer0.head0.softmax.exps[1]\n"
            "  gradient      -0.02793106661879596\n"
            "    formula     pos2.layer0.head0.softmax.exps[1]*"
            "grad(pos2.layer0.head0.softmax.exps[1])\n"
            "    in numbers  0.9637825406613653*-0.028980672963456206\n"
            "  made at       microgpt.py:129 in gpt\n"
            "                src/reference/gpt.h");
  EXPECT_TRUE(contains(output_of({"trace", "toy", "ab", "--at", "loss"}), "--backward shows it"));
  EXPECT_TRUE(contains(output_of({"trace", "toy", "ab", "--at", "adam.wte.m[0][0]"}),
                       "  made of       grad(wte[0][0]) = "));
}

TEST_F(TraceCommandTest, TheWalkthroughsFiguresAndWhyTheyAreOff) {
  const std::string exact = output_of({"trace", "toy", "ab", "--cache", "printed"});
  EXPECT_TRUE(contains(exact, "of the 54 figures that it prints, 14 are not those above"));
  EXPECT_TRUE(contains(
      exact, "  pos2.layer0.k[0]                 -0.37   -0.375465  rounding at every step\n"));
  const std::string slips = "a slip: rounding at every step gives 0.16 too\n";
  EXPECT_TRUE(contains(exact, "  pos2.probs[0]                     0.17    0.164808  " + slips));
  const std::string by_hand =
      output_of({"trace", "toy", "ab", "--cache", "printed", "--round", "2"});
  EXPECT_TRUE(
      contains(by_hand,
               "walkthrough: of the 54 figures that it prints, 2 are not those above\n"
               "                                 printed        here  why\n"
               "  pos2.probs[0]                     0.17    0.160000  " +
                   slips +
                   "  pos2.loss                         1.77    1.830000  -log of the rounded 0.17 "
                   "that is printed for pos2.probs[0]\n"));
  // It says nothing about other texts.
  EXPECT_FALSE(contains(output_of({"trace", "toy", "abc", "--cache", "printed"}), "walkthrough"));
  EXPECT_FALSE(contains(output_of({"trace", "toy", "ba"}), "walkthrough"));
}

TEST_F(TraceCommandTest, JsonIsWhatItsDocumentSays) {
  const Json json = json_of({"untrained", "emma", "--step", "--formulas", "--graph"});
  EXPECT_EQ(json["format"], "microgpt-trace-v1");
  EXPECT_EQ(json["config"]["n_embd"], 16);
  EXPECT_EQ(json["tokens"], Json::parse("[26, 4, 12, 12, 0, 26]"));
  EXPECT_EQ(json["texts"], Json::parse(R"(["", "e", "m", "m", "a", ""])"));
  EXPECT_EQ(json["bos"], 26);
  EXPECT_EQ(json["first_pos"], 0);
  EXPECT_TRUE(json["round"].is_null());
  EXPECT_EQ(json["step"]["learning_rate"], 0.01);
  std::set<std::string> names;
  for (const Json& traced : json["traced"]) {
    const std::string name = traced["name"];
    EXPECT_TRUE(names.insert(name).second) << name;
    std::size_t size = 1;
    for (const std::size_t n : traced["shape"]) size *= n;
    EXPECT_EQ(traced["data"].size(), size) << name;
    EXPECT_EQ(traced["formulas"].size(), size) << name;
    for (const Json& parent : traced["parents"]) {
      EXPECT_TRUE(names.contains(parent)) << name << " before " << parent;  // made before it
    }
    const bool adam = name.starts_with("adam.");
    EXPECT_EQ(traced["grad"].size(), adam ? 0 : size) << name;
    EXPECT_EQ(traced["nodes"].size(), adam ? 0 : size) << name;
    EXPECT_TRUE(std::filesystem::exists(MICROGPT_SOURCE_DIR "/" + std::string(traced["file"])));
    EXPECT_GT(traced["line"], 0);
    EXPECT_GT(traced["python_line"], 0);
    EXPECT_TRUE(traced["python_function"].is_string() && traced["formula"].is_string());
  }
  const Json& graph = json["graph"];
  for (const char* column :
       {"op", "data", "grad", "left", "right", "left_local_grad", "right_local_grad", "exponent"}) {
    EXPECT_EQ(graph[column].size(), graph["op"].size()) << column;
  }
  const std::size_t root = graph["root"];
  EXPECT_EQ(graph["data"][root], traced_of(json, "loss")["data"][0]);
  EXPECT_EQ(json_of({"toy", "ab", "--at", "pos1"})["traced"].size(), 35u);
  EXPECT_EQ(json_of({"toy", "ab", "--cache", "printed", "--round", "2"})["round"], 2);
}

TEST_F(TraceCommandTest, UntrainedIsWhatTrainingStartsFrom) {
  output_of({"train", "--data", "embedded", "--num-steps", "0", "--engine", "reference"});
  const Json model = Json::parse(file("out/model.json"));
  const Json trace = json_of({"untrained", "emma"});
  for (const auto& [name, rows] : model["state_dict"].items()) {
    Json flat = Json::array();
    for (const Json& row : rows) flat.insert(flat.end(), row.begin(), row.end());
    EXPECT_EQ(traced_of(trace, name)["data"], flat) << name;
  }
  EXPECT_EQ(json_of({"out", "emma", "--step"})["step"]["learning_rate"], 0.01);
}

// A run on one document: its next step is the trace's.
TEST_F(TraceCommandTest, TheUpdateOfARunIsItsNextStep) {
  write_data("anna\n");
  output_of(tiny({"--stop-after", "29"}));
  const Json trace = json_of({"out", "anna", "--step"});
  EXPECT_EQ(trace["step"]["step"], 29);
  output_of({"train", "--resume", "out"});
  const Json after = Json::parse(file("out/model.json"));
  for (const auto& [name, rows] : after["state_dict"].items()) {
    Json flat = Json::array();
    for (const Json& row : rows) flat.insert(flat.end(), row.begin(), row.end());
    EXPECT_EQ(traced_of(trace, "adam." + name + ".data")["data"], flat) << name;
  }
  // A run at its end takes one step more.
  EXPECT_GT(json_of({"out", "anna", "--step"})["step"]["learning_rate"], 0.0);
  // A lone model.json has no moments to go on from.
  EXPECT_EQ(json_of({"out/model.json", "anna", "--step"})["step"]["step"], 0);
}

// What is not finite is shown as that, and is null in JSON.
TEST_F(TraceCommandTest, AModelThatOverflows) {
  write_data();
  output_of(tiny({"--init-std", "1e110", "--num-steps", "0", "--num-samples", "0"}));
  EXPECT_TRUE(contains(output_of({"trace", "out", "anna", "--step"}), "loss nan"));
  EXPECT_TRUE(traced_of(json_of({"out", "anna"}), "loss")["data"][0].is_null());
  output_of({"trace", "out", "anna", "--backward", "--html", "report.html"});
}

TEST_F(TraceCommandTest, TheReportStandsAlone) {
  output_of({"trace", "untrained", "emma", "--backward", "--html", "report.html"});
  MICROGPT_RUN_PYTHON(output, check_report(""));
  EXPECT_TRUE(output.starts_with("good ")) << output;
  EXPECT_LT(file("report.html").size(), 3'000'000u);
}

TEST_F(TraceCommandTest, TheReportOfAPart) {
  for (const std::string part : {"pos2.layer0.head1.", "wte"}) {
    const std::string at = part == "wte" ? "wte[2][0]" : "pos2.layer0.head1";
    output_of({"trace", "untrained", "emma", "--step", "--at", at, "--html", "report.html"});
    MICROGPT_RUN_PYTHON(output, check_report(part));
    EXPECT_TRUE(output.starts_with("good ")) << output;
    EXPECT_FALSE(contains(file("report.html"), "<code>pos1.")) << at;
  }
}

TEST_F(TraceCommandTest, ATooLargeReportIsRefused) {
  write_data();
  output_of(tiny({"--n-embd", "64", "--n-layer", "4", "--block-size", "16", "--num-steps", "0",
                  "--num-samples", "0"}));
  expect_error({"out", "annaannaannaann", "--backward", "--html", "report.html"}, 1,
               "--html: formulas of ");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "report.html"));
  output_of({"trace", "out", "annaannaannaann", "--backward", "--at", "pos14.layer3.head0",
             "--html", "report.html"});
}

TEST_F(TraceCommandTest, JsonOfANumberIsThatOfItsTensor) {
  EXPECT_EQ(json_of({"toy", "ab", "--at", "wte[0][0]"})["traced"],
            json_of({"toy", "ab", "--at", "wte"})["traced"]);
}

TEST_F(TraceCommandTest, TheReportEscapesWhatItShows) {
  const std::string evil = "</script><b>&\"'\n";
  write_data(evil + "\u202e\u05d0\n");
  output_of(tiny({"--block-size", "20"}));
  output_of({"trace", "out", "</script>", "--html", "report.html"});
  MICROGPT_RUN_PYTHON(output, check_report(""));
  EXPECT_TRUE(output.starts_with("good ")) << output;
  EXPECT_TRUE(contains(file("report.html"), "reads '&lt;/script&gt;'</title>"));
}

TEST_F(TraceCommandTest, TheReportIsWrittenWholeOrNotAtAll) {
  const auto left_over = [&] { return folder_.size(); };
  const auto before = left_over();
  expect_error({"toy", "ab", "--html", "absent/report.html"}, 1,
               "absent/report.html: can't be opened for writing, No such file");
  expect_error({"toy", "ab", "--html", "."}, 1, ".: can't be opened for writing, Is a directory");
  EXPECT_EQ(left_over(), before);
  output_of({"trace", "toy", "ab", "--html", "report.html"});
  const std::string report = file("report.html");
  output_of({"trace", "toy", "ab", "--html", "report.html"});  // in place of the first
  EXPECT_EQ(file("report.html"), report);
  EXPECT_EQ(left_over(), before + 1);
}

TEST_F(TraceCommandTest, BadInputIsRefused) {
  expect_error({}, 2, "trace: expected MODEL and TEXT, got 0 arguments");
  expect_error({"toy"}, 2, "trace: expected MODEL and TEXT, got 1 argument; '' is an empty text");
  expect_error({"--model", "toy", "untrained", "ab"}, 2, "trace: expected TEXT beside --model");
  expect_error({"absent", "ab"}, 1, "absent: no such file");
  expect_error({"toy", "axb"}, 1, "text: character 'x' (U+0078) at position 2 is not in the");
  expect_error({"toy", "a\xff"}, 1, "text");
  expect_error({"toy", "abcab"}, 1, "trace: the text makes 7 tokens with BOS on both sides");
  expect_error({"toy", "ab", "--at", "pos2.loxs"}, 1,
               "trace: nothing is called 'pos2.loxs'; similar: pos2.loss");
  expect_error({"toy", "ab", "--at", "wte[7][0]"}, 1, "trace: 'wte[7][0]' is no number");
  expect_error({"toy", "ab", "--precision", "-1"}, 2, "--precision: expected 0 to 17, got -1");
  expect_error({"toy", "ab", "--precision", "18"}, 2, "--precision: expected 0 to 17, got 18");
  expect_error({"toy", "ab", "--precision", "x"}, 2, "--precision: not a whole number");
  expect_error({"toy", "ab", "--round", "x"}, 2, "--round: not a whole number, expected 0 to 15");
  expect_error({"toy", "ab", "--round", "16"}, 1, "trace: expected 0 to 15 decimals to round to");
  expect_error({"toy", "ab", "--cache", "half"}, 2, "--cache: expected computed or printed");
  expect_error({"untrained", "ab", "--cache", "printed"}, 2,
               "--cache printed: expected the model toy");
  expect_error({"toy", "a", "--cache", "printed"}, 1, "trace: the cache given holds 2 positions");
  expect_error({"toy", "ab", "--formulas"}, 2, "--formulas and --graph: expected --json");
  expect_error({"toy", "ab", "--html", "x", "--json"}, 2, "--html: expected no --json");
  expect_error({"toy", "ab", "--json", "--at", "nonsense"}, 1,
               "trace: nothing is called 'nonsense'");
  expect_error({"toy", "ab", "--html", "x", "--at", "nonsense"}, 1,
               "trace: nothing is called 'nonsense'");
  expect_error({"toy", "ab", "c"}, 2, "unknown argument 'c'");
  // An empty text is one: BOS comes after BOS.
  EXPECT_TRUE(contains(output_of({"trace", "toy", ""}), "pos0: after 'BOS' comes 'BOS'"));
  write_data();
  output_of(tiny({"--optimizer", "sgd"}));
  expect_error({"out", "anna", "--step"}, 1, "trace: the update is Adam's, got sgd");
}

}  // namespace
}  // namespace microgpt
