#include "microgpt/ngram.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "microgpt/error.h"

namespace microgpt {
namespace {

constexpr int kMaxOrder = 8;

// The tokens before position i that a model of this order looks at.
std::span<const int> context_of(std::span<const int> tokens, std::size_t i, std::size_t order) {
  const std::size_t size = std::min(i, order - 1);
  return tokens.subspan(i - size, size);
}

std::vector<int> key_of(std::span<const int> context) { return {context.begin(), context.end()}; }

}  // namespace

NgramModel::NgramModel(int order, int vocab_size)
    : order_(static_cast<std::size_t>(order)), vocab_size_(vocab_size) {
  if (order < 1 || order > kMaxOrder || vocab_size < 1) {
    throw Error(fmt::format("n-grams: expected an order of 1 to {} and a vocabulary, got {} and {}",
                            kMaxOrder, order, vocab_size));
  }
}

void NgramModel::add(std::span<const int> tokens) {
  for (std::size_t i = 1; i < tokens.size(); ++i) {
    auto context = context_of(tokens, i, order_);
    while (true) {
      Context& seen = contexts_[key_of(context)];
      ++seen.count;
      ++seen.next[tokens[i]];
      if (context.empty()) break;
      context = context.subspan(1);
    }
  }
}

double NgramModel::probability(std::span<const int> context, int token) const {
  const auto found = contexts_.find(key_of(context));
  const double shorter = context.empty() ? 1 / vocab_size_ : probability(context.subspan(1), token);
  if (found == contexts_.end()) return shorter;
  const Context& seen = found->second;
  const auto next = seen.next.find(token);
  const auto count = static_cast<double>(next == seen.next.end() ? 0 : next->second);
  const auto different = static_cast<double>(seen.next.size());
  return (count + different * shorter) / (static_cast<double>(seen.count) + different);
}

double NgramModel::loss(std::span<const int> tokens) const {
  double loss = 0;
  for (std::size_t i = 1; i < tokens.size(); ++i) {
    loss -= std::log(probability(context_of(tokens, i, order_), tokens[i]));
  }
  return loss;
}

}  // namespace microgpt
