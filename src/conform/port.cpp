#include "conform/port.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "random/py_pow.h"

namespace microgpt::conform {
namespace {

bool is_projection(const std::string& name) {
  return name.ends_with("attn_wo") || name.ends_with("mlp_fc2");
}

Edition other(Edition edition) {
  return edition == Edition::kFirst ? Edition::kFinal : Edition::kFirst;
}

std::vector<double> data_of(const std::vector<Var>& values) {
  std::vector<double> out;
  for (const Var& value : values) out.push_back(value.data());
  return out;
}

std::vector<double> grads_of(const std::vector<Var>& values) {
  std::vector<double> out;
  for (const Var& value : values) out.push_back(value.grad());
  return out;
}

// y = x/2 (1 + t), t = tanh(u), u = sqrt(2/pi) (x + 0.044715 x^3): GPT-2's;
// dy/dx = (1 + t)/2 + x/2 (1 - t^2) du/dx.
Var gelu(Var v) {
  const double x = v.data(), root = std::sqrt(2 / std::numbers::pi);
  const double t = std::tanh(root * (x + 0.044715 * x * x * x));
  const double slope = root * (1 + 3 * 0.044715 * x * x);
  return v.map(x / 2 * (1 + t), (1 + t) / 2 + x / 2 * (1 - t * t) * slope);
}

// Added to a probability before its logarithm is taken.
double log_eps(const Mistakes& mistakes) {
  if (mistakes.has(Mistake::kLogEps8)) return 1e-8;
  if (mistakes.has(Mistake::kLogEps9)) return 1e-9;
  if (mistakes.has(Mistake::kLogEps10)) return 1e-10;
  return mistakes.has(Mistake::kLogEps12) ? 1e-12 : 0;
}

}  // namespace

Recipe misread(Recipe recipe, const Mistakes& mistakes) {
  TrainConfig& train = recipe.train;
  if (mistakes.has(Mistake::kOtherEdition)) {
    const TrainConfig before = train;
    train = default_train_config(other(train.edition));
    train.seed = before.seed;
    train.num_steps = before.num_steps;
    recipe.config = default_config(train.edition);
  }
  if (mistakes.has(Mistake::kInitStd002)) train.init_std = 0.02;
  if (mistakes.has(Mistake::kLmHeadLast)) recipe.lm_head_last = true;
  if (mistakes.has(Mistake::kReluSquared)) recipe.config.activation = Activation::kReluSquared;
  if (mistakes.has(Mistake::kNoDecay)) train.schedule = Schedule::kConstant;
  if (mistakes.has(Mistake::kBetasFirst)) train.beta1 = 0.9, train.beta2 = 0.95;
  if (mistakes.has(Mistake::kBetasCommon)) train.beta1 = 0.9, train.beta2 = 0.999;
  if (mistakes.has(Mistake::kBeta2Common)) train.beta2 = 0.999;
  if (mistakes.has(Mistake::kEpsLarge)) train.eps_adam = 1e-7;
  if (mistakes.has(Mistake::kNoAdam)) train.optimizer = Optimizer::kSgd;
  if (mistakes.has(Mistake::kBetasSwapped)) std::swap(train.beta1, train.beta2);
  return recipe;
}

Port::Port(const Recipe& recipe, const Corpus& corpus, const Mistakes& mistakes)
    : recipe_(misread(recipe, mistakes)),
      mistakes_(mistakes),
      corpus_(corpus),
      tokenizer_(corpus.tokenizer(makes(Mistake::kOtherBos) ? other(recipe_.train.edition)
                                                            : recipe_.train.edition)),
      random_(recipe_.train.seed, mistakes),
      order_(random_.shuffled(corpus.ids.size())),
      tape_(mistakes),
      matrices_(table()),
      keys_(static_cast<std::size_t>(recipe_.config.n_layer)),
      values_(keys_) {
  init();
}

std::vector<Port::Matrix> Port::table() const {
  const auto C = static_cast<std::size_t>(recipe_.config.n_embd);
  const auto V = static_cast<std::size_t>(tokenizer_.vocab_size());
  const auto T = static_cast<std::size_t>(recipe_.config.block_size);
  const double std = recipe_.train.init_std;
  if (recipe_.network == Network::kBigram) return {};
  if (recipe_.network == Network::kMlp) {
    return {{"wte", V, C, std}, {"mlp_fc1", 4 * C, C, std}, {"mlp_fc2", V, 4 * C, std}};
  }
  std::vector<Matrix> table = {{"wte", V, C, std}, {"wpe", T, C, std}};
  if (!makes(Mistake::kTiedHead)) table.push_back({"lm_head", V, C, std});
  const bool zero = recipe_.train.edition == Edition::kFirst || makes(Mistake::kZeroProjections);
  for (int li = 0; li < recipe_.config.n_layer; ++li) {
    const std::string layer = fmt::format("layer{}.", li);
    for (const char* name : {"attn_wq", "attn_wk", "attn_wv", "attn_wo"}) {
      table.push_back({layer + name, C, C, std});
    }
    table.push_back({layer + "mlp_fc1", 4 * C, C, std});
    table.push_back({layer + "mlp_fc2", C, 4 * C, std});
  }
  for (Matrix& matrix : table) {
    if (zero && is_projection(matrix.name)) matrix.std = 0;
  }
  return table;
}

void Port::init() {
  std::vector<const Matrix*> order;
  for (Matrix& matrix : matrices_) {
    matrix.first = num_params_;
    num_params_ += matrix.rows * matrix.cols;
    order.push_back(&matrix);
  }
  for (std::size_t i = 0; i < num_params_; ++i) tape_.leaf(0);
  m_.resize(num_params_);
  v_.resize(num_params_);
  if (makes(Mistake::kAlphabetical)) std::ranges::sort(order, {}, &Matrix::name);
  if (recipe_.lm_head_last) {
    std::ranges::stable_partition(order, [](auto* matrix) { return matrix->name != "lm_head"; });
  }
  for (const Matrix* matrix : order) draw(*matrix);
  if (recipe_.network == Network::kBigram) {
    const auto V = static_cast<std::size_t>(tokenizer_.vocab_size());
    counts_.assign(V, std::vector<double>(V));
  }
}

void Port::draw(const Matrix& matrix) {
  const bool transposed = makes(Mistake::kTransposed);
  const std::size_t outer = transposed ? matrix.cols : matrix.rows;
  const std::size_t inner = transposed ? matrix.rows : matrix.cols;
  for (std::size_t i = 0; i < outer; ++i) {
    for (std::size_t j = 0; j < inner; ++j) {
      const std::size_t at = transposed ? j * matrix.cols + i : i * matrix.cols + j;
      tape_.set_data(matrix.first + at, random_.gauss(matrix.std));
    }
  }
}

const Port::Matrix& Port::matrix(const std::string& name) const {
  return *std::ranges::find(matrices_, name, &Matrix::name);
}

const Port::Matrix& Port::layer_matrix(std::size_t li, const char* name) const {
  return matrix(fmt::format("layer{}.{}", li, name));
}

// Rows behind the last one are what lies behind the matrix.
Port::Vector Port::row(const Matrix& matrix, std::size_t index) {
  Vector row;
  for (std::size_t c = 0; c < matrix.cols; ++c) {
    row.push_back(tape_.at((matrix.first + index * matrix.cols + c) % num_params_));
  }
  return row;
}

std::vector<int> Port::document(std::int64_t step) const {
  const auto at = static_cast<std::size_t>(step) + (makes(Mistake::kDocumentLate) ? 1 : 0);
  std::vector<int> letters = corpus_.ids[order_[at % order_.size()]];
  const auto block = static_cast<std::size_t>(recipe_.config.block_size);
  if (makes(Mistake::kCutWithBos) && letters.size() >= block) letters.resize(block - 1);
  std::vector<int> tokens = {tokenizer_.bos()};
  const int first_letter = tokenizer_.bos() == 0 ? 1 : 0;
  for (const int letter : letters) tokens.push_back(letter + first_letter);
  if (!makes(Mistake::kNoEnd)) tokens.push_back(tokenizer_.bos());
  return tokens;
}

void Port::note(std::size_t pos, const std::string& name, const Vector& values) {
  if (traced_) notes_[pos].push_back({fmt::format("pos{}.{}", pos, name), values});
}

Var Port::sum(const Vector& terms) {
  const std::size_t n = terms.size();
  const bool reversed = makes(Mistake::kSumReversed);
  Var total = terms[reversed ? n - 1 : 0] + 0.0;
  for (std::size_t i = 1; i < n; ++i) total = total + terms[reversed ? n - 1 - i : i];
  return total;
}

Var Port::dot(const Vector& a, const Vector& b) {
  const std::size_t n = a.size();
  const bool reversed = makes(Mistake::kSumReversed);
  const bool fma = makes(Mistake::kFmaDot);
  const std::size_t first = reversed ? n - 1 : 0;
  Var total = a[first] * b[first] + 0.0;
  for (std::size_t k = 1; k < n; ++k) {
    const std::size_t i = reversed ? n - 1 - k : k;
    const double before = total.data();
    total = total + a[i] * b[i];
    if (fma) tape_.set_data(total.node(), std::fma(a[i].data(), b[i].data(), before));
  }
  return total;
}

Port::Vector Port::linear(const Vector& x, const Matrix& matrix) {
  Vector out;
  for (std::size_t o = 0; o < matrix.rows; ++o) out.push_back(dot(row(matrix, o), x));
  return out;
}

Port::Vector Port::softmax(const Vector& logits, bool without_sum, std::size_t pos,
                           const std::string& name) {
  double max_val = logits[0].data();
  for (const Var& val : logits) max_val = std::max(max_val, val.data());
  Vector exps, out;
  for (const Var& val : logits) {
    exps.push_back((makes(Mistake::kSoftmaxNoMax) ? val : val + -max_val).exp());
  }
  Var total = sum(exps);
  note(pos, name + "softmax.exps", exps);
  note(pos, name + "softmax.total", {total});
  if (without_sum) total = total.detached();
  for (const Var& e : exps) out.push_back(e / total);
  return out;
}

Port::Vector Port::rmsnorm(const Vector& vector, std::size_t pos, const std::string& name) {
  Vector x = vector, out;
  const auto n = static_cast<double>(x.size());
  if (makes(Mistake::kLayerNorm)) {
    const Var mean = sum(x) / n;
    for (Var& xi : x) xi = xi + mean * -1;
  }
  const double eps = makes(Mistake::kRmsEps) ? 1e-6 : 1e-5;
  const Var ms = dot(x, x) / n;
  Var scale = (ms + eps).pow(-0.5);
  if (makes(Mistake::kRmsEpsOutside)) scale = (ms.pow(0.5) + eps).pow(-1);
  const double s = scale.data();
  if (makes(Mistake::kRmsSquare)) scale = ms.map(s, -0.5 * s * s);
  if (makes(Mistake::kReciprocalRoot))
    scale = ms.map(1 / std::sqrt(ms.data() + eps), -0.5 * s * s * s);
  note(pos, name + ".ms", {ms});
  note(pos, name + ".scale", {scale});
  if (makes(Mistake::kRmsNoProjection)) scale = scale.detached();
  for (const Var& xi : x) out.push_back(xi * scale);
  note(pos, name + ".x", out);
  return out;
}

Port::Vector Port::residual(const Vector& x, const Vector& before) {
  Vector out;
  for (std::size_t i = 0; i < x.size(); ++i) {
    out.push_back(x[i] + (makes(Mistake::kResidualCut) ? before[i].detached() : before[i]));
  }
  return out;
}

Port::Vector Port::slice(const Vector& x, std::size_t head) const {
  const auto heads = static_cast<std::size_t>(recipe_.config.n_head);
  const auto head_dim = x.size() / heads;
  Vector out;
  for (std::size_t j = 0; j < head_dim; ++j) {
    out.push_back(x[makes(Mistake::kHeadsInterleaved) ? j * heads + head : head * head_dim + j]);
  }
  return out;
}

// One head's output for one query; keys and values are those that it sees, slices both.
Port::Vector Port::head(const Vector& q, const Vectors& keys, const Vectors& values,
                        std::size_t newest, std::size_t pos, const std::string& name) {
  const auto head_dim = static_cast<double>(q.size());
  double root = py_pow(head_dim, 0.5);
  if (makes(Mistake::kScaledTwice)) root = head_dim;
  if (makes(Mistake::kScaledByWidth)) root = py_pow(recipe_.config.n_embd, 0.5);
  Vector dots, scores;
  for (std::size_t t = 0; t < keys.size(); ++t) {
    Vector k = keys[t];
    if ((makes(Mistake::kPastDropped) || makes(Mistake::kPastKeysDropped)) && t != newest) {
      for (Var& kj : k) kj = kj.detached();
    }
    Var score = dot(q, k);
    if (makes(Mistake::kKeyFromKey)) {  // dk = k where it should be q
      Vector kept;
      for (const Var& kj : k) kept.push_back(kj.detached());
      score = dot(q, kept);
      for (const Var& kj : k) score = score + kj.map(0, kj.data());
    }
    dots.push_back(score);
    if (makes(Mistake::kScaleNotBackward)) {
      scores.push_back(score.map(score.data() / root, 1));
    } else {
      scores.push_back(makes(Mistake::kNoScale) ? score : score / root);
    }
  }
  note(pos, name + "dots", dots);
  note(pos, name + "scores", scores);
  const Vector weights = softmax(scores, makes(Mistake::kSoftmaxNoSum), pos, name);
  note(pos, name + "weights", weights);
  Vector out;
  const bool drops = makes(Mistake::kPastDropped) || makes(Mistake::kPastValuesDropped);
  for (std::size_t j = 0; j < q.size(); ++j) {
    Vector column;
    for (std::size_t t = 0; t < values.size(); ++t) {
      const Var v = values[t][j];
      column.push_back(drops && t != newest ? v.detached() : v);
    }
    out.push_back(dot(weights, column));
  }
  note(pos, name + "out", out);
  return out;
}

Port::Vectors Port::embed(const std::vector<int>& tokens, std::size_t n) {
  Vectors x(n);
  for (std::size_t pos = 0; pos < n; ++pos) {
    Vector tok_emb = row(matrix("wte"), static_cast<std::size_t>(tokens[pos]));
    Vector pos_emb = row(matrix("wpe"), pos);
    note(pos, "tok_emb", tok_emb);
    note(pos, "pos_emb", pos_emb);
    for (std::size_t i = 0; i < tok_emb.size(); ++i) {
      Var t = tok_emb[i], p = pos_emb[i];
      const bool is_cut = makes(Mistake::kEmbeddingCut);
      if (is_cut || makes(Mistake::kWteCut)) t = t.detached();
      if (is_cut || makes(Mistake::kWpeCut)) p = p.detached();
      x[pos].push_back(makes(Mistake::kNoPosition) ? t : t + p);
    }
    note(pos, "embedding", x[pos]);
    if (!makes(Mistake::kNoEmbeddingNorm)) x[pos] = rmsnorm(x[pos], pos, "embedding_norm");
  }
  return x;
}

void Port::attention_block(std::size_t li, Vectors& x) {
  const std::string layer = fmt::format("layer{}.", li);
  Vectors &keys = keys_[li], &values = values_[li], queries;
  const std::size_t before = keys.size();
  for (std::size_t pos = 0; pos < x.size(); ++pos) {
    const Vector xn =
        makes(Mistake::kNoAttentionNorm) ? x[pos] : rmsnorm(x[pos], pos, layer + "attn_norm");
    queries.push_back(linear(xn, layer_matrix(li, "attn_wq")));
    keys.push_back(linear(xn, layer_matrix(li, "attn_wk")));
    values.push_back(linear(xn, layer_matrix(li, "attn_wv")));
    note(pos, layer + "q", queries.back());
    note(pos, layer + "k", keys.back());
    note(pos, layer + "v", values.back());
  }
  for (std::size_t pos = 0; pos < x.size(); ++pos) {
    const std::size_t seen = makes(Mistake::kNoCausalMask) ? keys.size() : before + pos + 1;
    Vector x_attn = x[pos];
    for (std::size_t h = 0; h < static_cast<std::size_t>(recipe_.config.n_head); ++h) {
      Vectors k, v;
      for (std::size_t t = 0; t < seen; ++t) {
        k.push_back(slice(keys[t], h));
        v.push_back(slice(values[t], h));
      }
      const Vector out =
          head(slice(queries[pos], h), k, v, before + pos, pos, fmt::format("{}head{}.", layer, h));
      for (std::size_t j = 0; j < out.size(); ++j) {
        const auto heads = static_cast<std::size_t>(recipe_.config.n_head);
        x_attn[makes(Mistake::kHeadsInterleaved) ? j * heads + h : h * out.size() + j] = out[j];
      }
    }
    const Vector attn_out = linear(x_attn, layer_matrix(li, "attn_wo"));
    note(pos, layer + "x_attn", x_attn);
    note(pos, layer + "attn_out", attn_out);
    x[pos] = makes(Mistake::kNoAttentionResidual) ? attn_out : residual(attn_out, x[pos]);
    note(pos, layer + "attn_residual", x[pos]);
  }
}

void Port::mlp_block(std::size_t li, Vectors& x) {
  const std::string layer = fmt::format("layer{}.", li);
  for (std::size_t pos = 0; pos < x.size(); ++pos) {
    const Vector xn =
        makes(Mistake::kNoMlpNorm) ? x[pos] : rmsnorm(x[pos], pos, layer + "mlp_norm");
    Vector hidden = linear(xn, layer_matrix(li, "mlp_fc1"));
    note(pos, layer + "mlp_pre", hidden);
    for (Var& h : hidden) {
      h = makes(Mistake::kGelu) ? gelu(h) : h.relu();
      if (recipe_.config.activation == Activation::kReluSquared) h = h.pow(2);
    }
    note(pos, layer + "mlp_act", hidden);
    const Vector mlp_out = linear(hidden, layer_matrix(li, "mlp_fc2"));
    note(pos, layer + "mlp_out", mlp_out);
    x[pos] = makes(Mistake::kNoMlpResidual) ? mlp_out : residual(mlp_out, x[pos]);
    note(pos, layer + "mlp_residual", x[pos]);
  }
}

// Layer by layer over all positions, where microgpt.py goes position by position: the graph is the
// same.
Port::Vectors Port::gpt(const std::vector<int>& tokens, std::size_t n) {
  Vectors x = embed(tokens, n);
  for (std::size_t li = 0; li < keys_.size(); ++li) {
    attention_block(li, x);
    mlp_block(li, x);
  }
  for (std::size_t pos = 0; pos < n; ++pos) {
    if (makes(Mistake::kFinalNorm)) x[pos] = rmsnorm(x[pos], pos, "final_norm");
    x[pos] = linear(x[pos], matrix(makes(Mistake::kTiedHead) ? "wte" : "lm_head"));
    note(pos, "logits", x[pos]);
  }
  return x;
}

Port::Vectors Port::mlp(const std::vector<int>& tokens, std::size_t n) {
  Vectors x(n);
  for (std::size_t pos = 0; pos < n; ++pos) {
    Vector hidden =
        linear(row(matrix("wte"), static_cast<std::size_t>(tokens[pos])), matrix("mlp_fc1"));
    for (Var& h : hidden) h = h.relu();
    x[pos] = linear(hidden, matrix("mlp_fc2"));
  }
  return x;
}

Port::Vectors Port::logits(const std::vector<int>& tokens, std::size_t n) {
  return recipe_.network == Network::kMlp ? mlp(tokens, n) : gpt(tokens, n);
}

// The loss to go backward from; printed: the one to show.
Var Port::forward(const std::vector<int>& tokens, double& printed) {
  std::size_t n = tokens.size() - 1;
  const auto block = static_cast<std::size_t>(recipe_.config.block_size);
  if (recipe_.clamped && !makes(Mistake::kPositionsUnclamped)) n = std::min(block, n);
  notes_.assign(n, {});
  const Vectors all_logits = logits(tokens, n);
  Vector losses;
  for (std::size_t pos = 0; pos < n; ++pos) {
    const Vector probs = softmax(all_logits[pos], makes(Mistake::kCrossEntropyNoSum), pos, "");
    const auto target = static_cast<std::size_t>(tokens[pos + 1]);
    const double p = probs[target].data(), eps = log_eps(mistakes_);  // of the value alone
    losses.push_back((eps > 0 ? probs[target].map(std::log(p + eps), 1 / p) : probs[target].log()) *
                     -1);
    note(pos, "probs", probs);
    note(pos, "loss", {losses.back()});
  }
  const Var total = sum(losses);
  const double count = static_cast<double>(makes(Mistake::kMeanUnclamped) ? tokens.size() - 1 : n);
  const Var mean = total * (1 / count);
  if (makes(Mistake::kMeanByDivision)) tape_.set_data(mean.node(), total.data() / count);
  printed = makes(Mistake::kLossSum) ? total.data() : mean.data();
  return makes(Mistake::kLossSum) || makes(Mistake::kGradSum) ? total : mean;
}

double Port::bigram_step(const std::vector<int>& tokens) {
  double total = 0;
  const auto V = static_cast<double>(counts_.size());
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    const std::vector<double>& row = counts_[static_cast<std::size_t>(tokens[i])];
    double sum = 0;
    for (const double count : row) sum += count;
    total += -std::log((row[static_cast<std::size_t>(tokens[i + 1])] + 1) / (sum + V));
  }
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    ++counts_[static_cast<std::size_t>(tokens[i])][static_cast<std::size_t>(tokens[i + 1])];
  }
  return 1 / static_cast<double>(tokens.size() - 1) * total;
}

double Port::step(bool traced) {
  finish();
  const std::vector<int> tokens = document(step_);
  if (recipe_.network == Network::kBigram) {
    ++step_;
    return bigram_step(tokens);
  }
  if (!makes(Mistake::kCacheKept)) {
    tape_.truncate(num_params_);
    for (Vectors& layer : keys_) layer.clear();
    for (Vectors& layer : values_) layer.clear();
  }
  traced_ = traced;
  waiting_.emplace(forward(tokens, loss_));
  if (traced) finish();
  return loss_;
}

// The way back and the update, which wait until they are needed: whoever looks at the loss alone
// and then turns away need not pay for them.
void Port::finish() {
  if (!waiting_) return;
  waiting_->backward();
  waiting_.reset();
  if (traced_) keep_trace();
  update();
  ++step_;
}

// Gradients flow from lm_head to wte.
void Port::keep_trace() {
  trace_.clear();
  for (const auto& position : notes_) {
    for (const Traced& traced : position) trace_.push_back({traced.name, data_of(traced.values)});
  }
  trace_.push_back({"loss", {loss_}});
  for (auto position = notes_.rbegin(); position != notes_.rend(); ++position) {
    for (auto traced = position->rbegin(); traced != position->rend(); ++traced) {
      trace_.push_back({"grad." + traced->name, grads_of(traced->values)});
    }
  }
  std::vector<Named> grads;
  for (const Matrix& matrix : matrices_) {
    std::vector<double> values;
    for (std::size_t i = 0; i < matrix.rows * matrix.cols; ++i) {
      values.push_back(tape_.grad(matrix.first + i));
    }
    grads.push_back({"grad." + matrix.name, std::move(values)});
  }
  std::ranges::reverse(grads);
  std::ranges::stable_partition(grads, [](const Named& g) { return g.name == "grad.lm_head"; });
  std::ranges::move(grads, std::back_inserter(trace_));
}

void Port::update() {
  const TrainConfig& train = recipe_.train;
  const auto step = static_cast<double>(step_ + (makes(Mistake::kRateStep) ? 1 : 0));
  double rate = train.learning_rate;
  const std::int64_t span = train.num_steps - (makes(Mistake::kRateSpan) ? 1 : 0);
  if (train.schedule == Schedule::kLinear) rate *= 1 - step / static_cast<double>(span);
  for (std::size_t i = 0; i < num_params_; ++i) {
    const double grad = tape_.grad(i);
    double data = tape_.data(i);
    if (makes(Mistake::kWeightDecay)) data -= rate * 0.01 * data;
    data -= train.optimizer == Optimizer::kAdam ? adam(i, grad, rate) : rate * grad;
    tape_.set_data(i, data);
    if (!makes(Mistake::kGradKept)) tape_.zero_grad(i);
  }
}

// What Adam takes off a parameter.
double Port::adam(std::size_t i, double grad, double rate) {
  const double beta1 = recipe_.train.beta1, beta2 = recipe_.train.beta2;
  const double eps = recipe_.train.eps_adam;
  const bool folded = makes(Mistake::kFoldedPow) || makes(Mistake::kAdamSquare) ||
                      recipe_.train.edition == Edition::kFirst;
  const double square = folded ? grad * grad : py_pow(grad, 2);
  const auto mix = [&](double beta, double mean, double x) {
    const double part = (1 - beta) * x;
    return tape_.rounded(makes(Mistake::kFmaGrad) ? std::fma(beta, mean, part)
                                                  : beta * mean + part);
  };
  m_[i] = mix(beta1, m_[i], grad);
  v_[i] = mix(beta2, v_[i], square);
  double t = static_cast<double>(step_) + 1;
  if (makes(Mistake::kBiasStepLow)) --t;
  if (makes(Mistake::kBiasStepHigh)) ++t;
  const bool raw = makes(Mistake::kNoBiasCorrection);
  const double m_hat = raw ? m_[i] : m_[i] / (1 - py_pow(beta1, t));
  const double v_hat = raw ? v_[i] : v_[i] / (1 - py_pow(beta2, t));
  const double root = makes(Mistake::kFoldedPow) ? std::sqrt(v_hat) : py_pow(v_hat, 0.5);
  const double denominator = makes(Mistake::kEpsInside) ? std::sqrt(v_hat + eps) : root + eps;
  return rate * m_hat / denominator;
}

std::vector<Named> Port::params() {
  finish();
  std::vector<Named> params;
  for (const Matrix& matrix : matrices_) {
    params.push_back({matrix.name, {}});
    for (std::size_t i = 0; i < matrix.rows * matrix.cols; ++i) {
      params.back().values.push_back(tape_.data(matrix.first + i));
    }
  }
  return params;
}

void Port::take_over(Run& run) {
  for (const Named& param : run.params()) {
    const Matrix& to = matrix(param.name);
    for (std::size_t i = 0; i < param.values.size(); ++i) {
      tape_.set_data(to.first + i, param.values[i]);
    }
  }
  random_.set_python(run.random());
}

// The distribution of the token after all these.
std::vector<double> Port::next_probs(const std::vector<int>& tokens) {
  if (recipe_.network == Network::kBigram) {
    std::vector<double> probs = counts_[static_cast<std::size_t>(tokens.back())];
    double total = 0;
    for (const double count : probs) total += count;
    for (double& p : probs) p = (p + 1) / (total + static_cast<double>(probs.size()));
    return probs;
  }
  traced_ = false;
  tape_.truncate(num_params_);
  for (Vectors& layer : keys_) layer.clear();
  for (Vectors& layer : values_) layer.clear();
  Vector last = logits(tokens, tokens.size()).back();
  for (Var& l : last) {
    if (makes(Mistake::kTemperatureTimes)) {
      l = l * recipe_.temperature;
    } else if (!makes(Mistake::kNoTemperature)) {
      l = l / recipe_.temperature;
    }
  }
  return data_of(softmax(last, false, 0, ""));
}

std::vector<std::string> Port::samples(int count) {
  finish();
  if (makes(Mistake::kReseeded)) random_.set_python(PythonRandom(recipe_.train.seed));
  std::vector<std::string> samples;
  for (int i = 0; i < count; ++i) {
    std::vector<int> tokens = {makes(Mistake::kStartsAtZero) ? 0 : tokenizer_.bos()};
    std::string text;
    for (int pos = 0; pos < recipe_.config.block_size; ++pos) {
      const int token = static_cast<int>(random_.choose(next_probs(tokens)));
      if (token == tokenizer_.bos()) break;
      tokens.push_back(token);
      text += tokenizer_.token_text(token);
    }
    samples.push_back(text);
  }
  return samples;
}

}  // namespace microgpt::conform
