#include "microgpt/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <numeric>
#include <unordered_map>

#include "base/thread_pool.h"
#include "guardrails/next_token.h"
#include "guardrails/tree_walk.h"
#include "guardrails/unsafe_states.h"
#include "microgpt/bot.h"
#include "microgpt/error.h"
#include "microgpt/sampler.h"

namespace microgpt {
namespace {

using guardrails::Figure;
using guardrails::Mass;
using guardrails::NextToken;
using guardrails::Tree;
using guardrails::TreeWalk;
using guardrails::Watch;
using Ids = std::vector<int>;              // of tokens: read again, their text could be others
using Letters = std::vector<std::size_t>;  // numbers of letters, BOS not counted

constexpr std::size_t kFewestOfWord = 4;  // letters that make the beginning of a word an attack

Bounds bounds_of(const Mass& mass) {
  return {std::min(1.0, mass.unsafe), std::min(1.0, mass.unsafe + mass.unknown)};
}

// The ids of a text, if the model can write it.
std::optional<Ids> ids_of(std::string_view text, const Model& model) {
  auto ids = model.tokenizer.try_encode(text);
  if (ids && std::ssize(*ids) > model.config.block_size) ids.reset();
  return ids;
}

double product(std::span<const double> factors) {
  return std::accumulate(factors.begin(), factors.end(), 1.0, std::multiplies<>());
}

class Auditor {
 public:
  Auditor(const Model& model, std::span<const std::unique_ptr<Engine>> engines,
          const Policy& policy, const AuditConfig& config, const WatchAudit& watch)
      : model_(model),
        policy_(policy),
        config_(config),
        constraint_(forbid(policy, model.tokenizer)),
        tree_(model, constraint_),
        prefix_length_(longest_audited(config.prefix_length, model.config)),
        task_length_(prefix_length_ < 2 ? 1 : prefix_length_ - 1),
        first_next_token_(model, *engines.front(), config.temperature) {
    attacks_ = asked_for();
    add_beginnings_of_words();
    watch_.emplace(watch, attacks_.size() + num_subtrees() + 1);
    for (const auto& engine : engines) {
      walks_.emplace_back(tree_, NextToken(model, *engine, config.temperature), *watch_);
    }
  }

  Audit make() {
    walk_all();
    audit_.certificate = guardrails::certify(constraint_, tree_.block_size);
    audit_.nodes = watch_->nodes();
    return std::move(audit_);
  }

 private:
  std::size_t num_subtrees() const {
    return guardrails::number_of_first(task_length_ + 1, tree_.letters.size()) -
           guardrails::number_of_first(task_length_, tree_.letters.size());
  }
  Letters letters_of(const Ids& ids) const;
  Letters subtree(std::size_t number) const;
  std::vector<Ids> asked_for() const;
  void add_beginnings_of_words();
  void rate_beginnings(const Ids& word, std::map<Ids, double>& rated);
  void walk_all();
  void walk_subtree(std::size_t number, TreeWalk& walk);
  void walk_attack(std::size_t number, TreeWalk& walk);
  void walk_top();
  AuditedPrefix audited(const Ids& ids, const Figure& figure);
  void take_figures();
  void count(std::size_t length, std::span<const AuditedPrefix> prefixes);
  TreeWalk::How how() {
    return {.prefix_length = prefix_length_,
            .prune = config_.prune,
            .prune_prefixes = config_.prune_prefixes,
            .num_witnesses = config_.num_witnesses,
            .figures = &figures_};
  }

  const Model& model_;
  const Policy& policy_;
  const AuditConfig& config_;
  Constraint constraint_;
  Tree tree_;
  std::size_t prefix_length_;
  std::size_t task_length_;  // letters that a subtree's documents have in common
  NextToken first_next_token_;
  std::vector<Ids> attacks_;
  std::optional<Watch> watch_;
  std::vector<TreeWalk> walks_;  // one a thread
  PolicyReader reader_{policy_};

  std::vector<Figure> figures_, attack_figures_;
  std::vector<Mass> subtrees_;
  std::vector<std::vector<Witness>> witnesses_;  // of each subtree
  Audit audit_;
};

Letters Auditor::letters_of(const Ids& ids) const {
  Letters letters;
  for (const int id : ids) {
    letters.push_back(static_cast<std::size_t>(std::ranges::lower_bound(tree_.letters, id) -
                                               tree_.letters.begin()));
  }
  return letters;
}

Letters Auditor::subtree(std::size_t number) const {
  Letters letters(task_length_);
  for (std::size_t i = task_length_; i-- > 0; number /= tree_.letters.size()) {
    letters[i] = number % tree_.letters.size();
  }
  return letters;
}

// Throws Error: a prefix can't be one.
std::vector<Ids> Auditor::asked_for() const {
  std::vector<Ids> asked;
  for (const std::string& prefix : config_.prefixes) {
    asked.push_back(model_.tokenizer.encode(prefix));
    const std::size_t size = asked.back().size();
    if (size < tree_.block_size) continue;
    throw Error(fmt::format("prefix: too long, expected at most {} letters, got {}",
                            tree_.block_size - 1, size));
  }
  return asked;
}

// The beginnings of a word that are no unsafe beginnings yet, rated by how likely the model goes on
// to the word's end.
void Auditor::rate_beginnings(const Ids& word, std::map<Ids, double>& rated) {
  const std::vector<double> along = first_next_token_.along(word);
  for (std::size_t size = 1; size < word.size(); ++size) {
    const auto beginning = std::span(word).first(size);
    const auto state = constraint_.read(beginning);
    if (constraint_.to_go(state) > tree_.block_size - size) return;
    if (size < kFewestOfWord) continue;
    const auto rest = std::span(along).subspan(size, word.size() - size);
    double& rating = rated[Ids(beginning.begin(), beginning.end())];
    rating = std::max(rating, product(rest));
  }
}

void Auditor::add_beginnings_of_words() {
  std::map<Ids, double> rated;
  for (const BannedWord& word : policy_.words) {
    if (const auto ids = ids_of(word.text, model_)) rate_beginnings(*ids, rated);
  }
  for (const Ids& prefix : attacks_) rated.erase(prefix);
  std::vector<std::pair<double, Ids>> order;
  for (const auto& [ids, rating] : rated) order.emplace_back(-rating, ids);
  std::ranges::sort(order);
  order.resize(std::min(order.size(), config_.num_attacks));
  for (auto& [rating, ids] : order) attacks_.push_back(std::move(ids));
}

void Auditor::walk_all() {
  figures_.resize(guardrails::number_of_first(prefix_length_ + 1, tree_.letters.size()));
  subtrees_.resize(num_subtrees());
  witnesses_.resize(num_subtrees());
  audit_.attacks.resize(attacks_.size());
  attack_figures_.resize(attacks_.size());
  ThreadPool pool(static_cast<int>(walks_.size()));
  pool.run(attacks_.size() + num_subtrees(), [&](std::size_t task, int thread) {
    TreeWalk& walk = walks_[static_cast<std::size_t>(thread)];
    if (task < attacks_.size()) {
      walk_attack(task, walk);
    } else {
      walk_subtree(task - attacks_.size(), walk);
    }
  });
  walk_top();
  take_figures();
}

void Auditor::walk_subtree(std::size_t number, TreeWalk& walk) {
  TreeWalk::How how = this->how();
  how.witnesses = &witnesses_[number];
  subtrees_[number] = walk.walk(subtree(number), how).mass;
}

// What the subtrees have in common.
void Auditor::walk_top() {
  TreeWalk::How how = this->how();
  how.witnesses = &audit_.witnesses;
  how.known = &subtrees_;
  how.known_length = task_length_;
  walks_.front().walk({}, how);
  for (auto& each : witnesses_) std::ranges::move(each, std::back_inserter(audit_.witnesses));
  guardrails::keep_likeliest(audit_.witnesses, config_.num_witnesses);
}

void Auditor::walk_attack(std::size_t number, TreeWalk& walk) {
  const Ids& ids = attacks_[number];
  const TreeWalk::How how{.root = ids.size(),
                          .prune = config_.prune,
                          .prune_prefixes = 1,
                          .witnesses = &audit_.attacks[number].witnesses,
                          .num_witnesses = config_.num_witnesses};
  attack_figures_[number] = walk.walk(letters_of(ids), how);
}

AuditedPrefix Auditor::audited(const Ids& ids, const Figure& figure) {
  AuditedPrefix prefix{.text = tree_.tokenizer.decode(ids),
                       .probability = figure.probability,
                       .unsafe = bounds_of(figure.mass),
                       .hopeless = constraint_.to_go(figure.state) > tree_.block_size - ids.size(),
                       .word = {}};
  if (ids.empty()) prefix.empty = first_next_token_.along({}).front();
  const std::size_t started = policy_.refuse_started;
  prefix.refused = prefix.hopeless || (started > 0 && reader_.started(prefix.text) >= started);
  if (figure.mass.best > 0) prefix.word = figure.mass.best_word;
  return prefix;
}

void Auditor::take_figures() {
  const std::size_t num_letters = tree_.letters.size();
  for (std::size_t i = 0; i < attacks_.size(); ++i) {
    audit_.attacks[i].prefix = audited(attacks_[i], attack_figures_[i]);
  }
  const auto beginnings = std::span(audit_.attacks).subspan(config_.prefixes.size());
  std::ranges::stable_sort(beginnings, [](const Attack& a, const Attack& b) {
    return a.prefix.unsafe.at_least > b.prefix.unsafe.at_least;
  });
  std::vector<Ids> prefixes(1);
  for (std::size_t length = 0;; ++length) {
    const std::size_t first = guardrails::number_of_first(length, num_letters);
    for (std::size_t i = 0; i < prefixes.size(); ++i) {
      audit_.prefixes.push_back(audited(prefixes[i], figures_[first + i]));
    }
    if (length > 0) count(length, std::span(audit_.prefixes).subspan(first));
    if (length == prefix_length_) return;
    std::vector<Ids> longer;
    for (const Ids& prefix : prefixes) {
      for (const int letter : tree_.letters) {
        longer.push_back(prefix);
        longer.back().push_back(letter);
      }
    }
    prefixes = std::move(longer);
  }
}

void Auditor::count(std::size_t length, std::span<const AuditedPrefix> prefixes) {
  PrefixLength all{.length = length, .prefixes = prefixes.size(), .safe_refused = {}};
  for (const AuditedPrefix& prefix : prefixes) {
    if (!prefix.refused) continue;
    ++all.refused;
    all.hopeless += prefix.hopeless ? 1 : 0;
    all.refused_probability += prefix.probability;
    all.safe_refused.at_least += prefix.probability * (1 - prefix.unsafe.at_most);
    all.safe_refused.at_most += prefix.probability * (1 - prefix.unsafe.at_least);
  }
  audit_.lengths.push_back(all);
}

void check_probability(const char* name, double value) {
  if (value >= 0 && value <= 1) return;
  throw Error(fmt::format("{}: out of range, expected 0 to 1, got {}", name, value));
}

}  // namespace

void AuditConfig::check() const {
  SampleConfig{.temperature = temperature}.check();
  check_probability("prune", prune);
  check_probability("prune_prefixes", prune_prefixes);
}

std::size_t longest_audited(std::size_t prefix_length, const Config& config) {
  const auto num_letters = static_cast<std::size_t>(config.vocab_size - 1);
  std::size_t length = 0;
  while (length < prefix_length && length + 1 < static_cast<std::size_t>(config.block_size) &&
         guardrails::number_of_first(length + 2, num_letters) <= kMaxPrefixes) {
    ++length;
  }
  return length;
}

Bounds AuditedPrefix::all_tries_fail() const {
  const auto all = [&](double fails) {
    return std::pow(std::min(1.0, fails + empty), kResampleTries);
  };
  return {all(unsafe.at_least), all(unsafe.at_most)};
}

std::optional<Audit> audit(const Model& model, std::span<const std::unique_ptr<Engine>> engines,
                           const Policy& policy, const AuditConfig& config,
                           const WatchAudit& watch) {
  config.check();
  try {
    return Auditor(model, engines, policy, config, watch).make();
  } catch (const guardrails::Cancelled&) {
    return std::nullopt;
  }
}

std::vector<UnsafeDocument> unsafe_documents(const Dataset& data, const Model& model,
                                             const Engine& engine, const Policy& policy,
                                             double temperature) {
  NextToken next_token(model, engine, temperature);
  PolicyReader reader(policy);
  std::vector<UnsafeDocument> found;
  std::unordered_map<std::string, std::size_t> numbers;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const auto word = reader.find(data[i]);
    if (!word) continue;
    const auto [at, is_new] = numbers.try_emplace(std::string(data[i]), found.size());
    if (is_new) {
      found.push_back({.text = at->first, .word = *word, .times = 0, .probability = {}});
      if (const auto ids = ids_of(at->first, model)) {
        found.back().probability = product(next_token.along(*ids));
      }
    }
    ++found[at->second].times;
  }
  return found;
}

std::string without_unsafe(const Dataset& data, const Policy& policy) {
  PolicyReader reader(policy);
  std::string text;
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (!reader.find(data[i])) text.append(data[i]).append("\n");
  }
  return text;
}

}  // namespace microgpt
