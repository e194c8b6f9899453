// microgpt.py's own functions make the numbers that a trace shows, to the last bit.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "support/python.h"
#include "trace/steps.h"

namespace microgpt::test {
namespace {

using Json = nlohmann::json;

const std::string kOriginal = std::string(MICROGPT_SHARED_DIR) + "/oracle/microgpt.py";

// Takes Value and the model's functions out of the program `path` and gives them the parameters of
// `case`; every softmax is written down. The first edition squares its relu.
constexpr char kRunModel[] = R"(
import json, math, re
source = open(path, encoding='utf-8').read()
part = lambda first, last: source[source.index(first):source.index(last)]
model = part('def linear', '# Let there be Adam')
if case['squared']:
    plain = 'xi.relu() for'
    assert model.count(plain) == 1
    model = model.replace(plain, 'xi.relu() ** 2 for')
exec(part('class Value', '# Initialize the parameters'))
exec(model)
plain_softmax, softmaxes = softmax, []
def softmax(x):
    made = plain_softmax(x)
    softmaxes.append([value.data for value in made])
    return made
n_layer, n_head, n_embd = case['n_layer'], case['n_head'], case['n_embd']
head_dim = n_embd // n_head
state_dict = {name: [[Value(x) for x in row] for row in rows] for name, rows in case['params']}
keys, values = [[] for _ in range(n_layer)], [[] for _ in range(n_layer)]
all_logits, losses = [], []
for pos, (token, target) in enumerate(zip(case['tokens'], case['tokens'][1:])):
    logits = gpt(token, pos, keys, values)
    all_logits.append([value.data for value in logits])
    losses.append(-softmax(logits)[target].log())
loss = (1 / len(losses)) * sum(losses)
loss.backward()
grads = [[x.grad for row in rows for x in row] for rows in state_dict.values()]
print(json.dumps([all_logits, softmaxes, loss.data, grads]))
)";

std::string script_of(const Step& step) {
  Json params = Json::array();
  for (const Tensor& tensor : step.state.params) {
    Json rows = Json::array();
    for (std::size_t row = 0; row < tensor.rows; ++row) {
      const auto first = tensor.data.begin() + static_cast<std::ptrdiff_t>(row * tensor.cols);
      rows.push_back(std::vector(first, first + static_cast<std::ptrdiff_t>(tensor.cols)));
    }
    params.push_back({tensor.name, rows});
  }
  const Json whole = {{"squared", step.config.activation == Activation::kReluSquared},
                      {"n_layer", step.config.n_layer},
                      {"n_head", step.config.n_head},
                      {"n_embd", step.config.n_embd},
                      {"tokens", step.tokens},
                      {"params", params}};
  return "path = '" + kOriginal + "'\nimport json\ncase = json.loads('" + whole.dump() + "')\n" +
         kRunModel;
}

using Numbers = std::vector<double>;

const Numbers& data_at(const Trace& trace, const std::string& name) {
  return trace.traced[find_traced(trace, name)].data;
}

// In the order in which the model makes them.
std::vector<Numbers> softmaxes_of(const Trace& trace) {
  std::vector<Numbers> all;
  for (const Traced& traced : trace.traced) {
    if (traced.name.ends_with(".weights") || traced.name.ends_with(".probs")) {
      all.push_back(traced.data);
    }
  }
  return all;
}

TEST(TraceOracle, MakesTheSameNumbers) {
  if (!std::filesystem::exists(kOriginal)) GTEST_SKIP() << kOriginal << " is not there";
  for (const Step& step : random_steps(10)) {
    SCOPED_TRACE(step.name);
    const Trace trace = step.trace();
    MICROGPT_RUN_PYTHON(output, script_of(step));
    const Json made = Json::parse(output);
    for (std::size_t pos = 0; pos + 1 < step.tokens.size(); ++pos) {
      EXPECT_EQ(data_at(trace, "pos" + std::to_string(pos) + ".logits"),
                made[0][pos].get<Numbers>());
    }
    EXPECT_EQ(softmaxes_of(trace), made[1].get<std::vector<Numbers>>());
    EXPECT_EQ(number_at(trace, "loss"), made[2].get<double>());
    for (std::size_t p = 0; p < step.state.params.size(); ++p) {
      EXPECT_EQ(trace.traced[p].grad, made[3][p].get<Numbers>()) << trace.traced[p].name;
    }
  }
}

}  // namespace
}  // namespace microgpt::test
