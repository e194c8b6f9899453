// Ports in other languages: Python's original and one in JavaScript. Right they raise no alarm;
// with a mistake, put into their text, they are told it.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdio.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "conform/conform_test.h"
#include "support/python.h"
#include "support/temp_folder.h"

namespace microgpt::conform {
namespace {

constexpr char kDocuments[] =
    "ada\nbea\nabe\nfaded\ndecaf\ncab\nbeaded\ndeface\nfab\nace\nfacade\nbed\n";

Recipe recipe_of_ports() {
  Recipe recipe = small_recipe();
  recipe.config.n_layer = 2;
  recipe.config.n_embd = 8;
  recipe.train.num_steps = 15;
  return recipe;
}

Verdict check_port(const std::string& log) {
  return check(log, "log", recipe_of_ports(), small_documents());
}

struct Replacement {
  const char* mistake;  // of the catalogue; empty: the port stays right; "?": not in it
  const char* from;     // every occurrence
  const char* to;
};

std::string name_of(const ::testing::TestParamInfo<Replacement>& test) {
  std::string name = test.param.mistake;
  std::erase_if(name, [](char c) { return c == '-'; });
  return name.empty() ? "right" : name == "?" ? "unknown" : name;
}

void expect_named(const std::string& log, const char* mistake, Answer right) {
  const Verdict verdict = check_port(log);
  const std::string expected = mistake;
  EXPECT_EQ(to_string(verdict.answer), to_string(expected.empty() ? right : Answer::kWrong));
  if (expected != "") {
    EXPECT_EQ(ids(verdict), expected == "?" ? "" : expected);
    EXPECT_TRUE(verdict.first);
  } else if (right == Answer::kRounding) {
    EXPECT_GE(verdict.digits, 12);
  }
}

// microgpt.py with its sizes set and the text replaced, which prints its losses in hexadecimal.
std::string python_script(const std::string& folder, const Replacement& replacement) {
  const Recipe recipe = recipe_of_ports();
  return fmt::format(
      R"(import os, re, sys, threading
path = '{}/oracle/microgpt.py'
if not os.path.exists(path): sys.exit(0)
source = open(path).read()
for name, value in dict(n_layer={}, n_embd={}, n_head={}, block_size={}, num_steps={}).items():
    source = re.sub(rf'^({{name}} = )\d+', rf'\g<1>{{value}}', source, flags=re.M)
before, after = {}
assert not before or before in source, before
source = source.replace(before, after) if before else source
losses = []
def watch(*words, **options):
    if words and str(words[0]).startswith('step '): losses.append(names['loss'].data)
    elif words: output.append(str(words[0]))
output, names = [], {{'__name__': '__main__', 'print': watch}}
os.chdir('{}')
sys.setrecursionlimit(1000000)
threading.stack_size(256 << 20)
thread = threading.Thread(target=lambda: exec(source, names))
thread.start(); thread.join()
for step, loss in enumerate(losses): print(f'step {{step + 1}} / {{len(losses)}} | loss {{loss.hex()}}')
print('\n'.join(output)))",
      MICROGPT_SHARED_DIR, recipe.config.n_layer, recipe.config.n_embd, recipe.config.n_head,
      recipe.config.block_size, recipe.train.num_steps,
      nlohmann::json({replacement.from, replacement.to}).dump(), folder);
}

class Original : public ::testing::TestWithParam<Replacement> {};

TEST_P(Original, IsToldItsMistake) {
  const TempFolder folder;
  put_file(folder / "input.txt", kDocuments);
  MICROGPT_RUN_PYTHON(log, python_script(folder.path(), GetParam()));
  if (log.empty()) GTEST_SKIP() << "the original is not here";
  expect_named(log, GetParam().mistake, Answer::kExact);
}

INSTANTIATE_TEST_SUITE_P(
    Python, Original,
    ::testing::Values(
        Replacement{"", "", ""},
        Replacement{"mul-swapped", "(other.data, self.data)", "(self.data, other.data)"},
        Replacement{"grad-overwritten", "child.grad +=", "child.grad ="},
        Replacement{"relu-no-mask", "float(self.data > 0)", "1.0"},
        Replacement{"no-shuffle", "random.shuffle(docs)", "pass"},
        Replacement{"no-scale", " / head_dim**0.5", ""},
        Replacement{"no-decay", " * (1 - step / num_steps)", ""},
        Replacement{"bias-step-high", "** (step + 1)", "** (step + 2)"},
        Replacement{"eps-inside", "(v_hat ** 0.5 + eps_adam)", "(v_hat + eps_adam) ** 0.5"},
        Replacement{"grad-kept", "p.grad = 0", "pass"},
        Replacement{"document-late", "docs[step %", "docs[(step + 1) %"},
        Replacement{"argmax", "random.choices(range(vocab_size), weights=[p.data for p in probs])",
                    "[max(range(vocab_size), key=lambda i: probs[i].data)]"},
        Replacement{"?", "1e-5", "3e-5"}),
    name_of);

// What a command prints, or nothing if it fails.
std::string output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  std::string output;
  char buffer[4096];
  while (const std::size_t n = fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, n);
  return pclose(pipe) == 0 ? output : "";
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  EXPECT_TRUE(from.empty() || text.find(from) != text.npos) << from;
  for (std::size_t at = text.find(from); !from.empty() && at != text.npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

class JavaScript : public ::testing::TestWithParam<Replacement> {};

TEST_P(JavaScript, IsToldItsMistake) {
  if (output_of("command -v node").empty()) GTEST_SKIP() << "node is not installed";
  const TempFolder folder;
  const Recipe recipe = recipe_of_ports();
  put_file(folder / "data", kDocuments);
  const std::string port = get_file(std::string(MICROGPT_SOURCE_DIR) + "/tests/conform/port.js");
  put_file(folder / "port.js", replaced(port, GetParam().from, GetParam().to));
  const std::string log =
      output_of(fmt::format("node '{0}/port.js' '{0}/data' {1} {2} {3} {4} {5}", folder.path(),
                            recipe.config.n_layer, recipe.config.n_embd, recipe.config.n_head,
                            recipe.config.block_size, recipe.train.num_steps));
  ASSERT_FALSE(log.empty());
  expect_named(log, GetParam().mistake, Answer::kRounding);
}

INSTANTIATE_TEST_SUITE_P(
    Node, JavaScript,
    ::testing::Values(
        Replacement{"", "", ""}, Replacement{"softmax-no-sum", "(dw[t] - mean)", "dw[t]"},
        Replacement{"rms-square", "k = s * s * s *", "k = s * s *"},
        Replacement{"rms-no-projection", " - v * k", ""},
        Replacement{"past-dropped", "dcache[li];",
                    "dcache[li].now ?? (() => {\n"
                    "      const none = () => values.map(() => zeros(N_EMBD));\n"
                    "      return {dkeys: none(), dvalues: none()};\n    })();"},
        Replacement{"relu-no-mask", "layer.pre[i] > 0 ? g : 0", "g"},
        Replacement{"key-from-key", "dscore * layer.q[i]", "dscore * keys[t][i]"},
        Replacement{"scale-not-backward", "(dw[t] - mean) / Math.sqrt(HEAD_DIM)", "(dw[t] - mean)"},
        Replacement{"embedding-cut", "+= de[i]", "+= 0"},
        Replacement{"gauss-uncached", "this.spare = Math", "const unused = Math"},
        Replacement{"mean-unclamped", " / n", " / (tokens.length - 1)"},
        Replacement{"no-bias-correction", " / (1 - 0.", " / (1 - 0 * 0."},
        Replacement{"rate-step", "(1 - step / NUM_STEPS)", "(1 - (step + 1) / NUM_STEPS)"},
        Replacement{"no-temperature", "logits.map((l) => l / 0.5)", "logits"},
        Replacement{"no-running-sum", "return sums.findIndex((sum) => u < sum);",
                    "const i = weights.findIndex((w) => u < w);\n"
                    "    return i < 0 ? weights.length - 1 : i;"},
        Replacement{"?", "4 * N_EMBD", "3 * N_EMBD"}),
    name_of);

}  // namespace
}  // namespace microgpt::conform
