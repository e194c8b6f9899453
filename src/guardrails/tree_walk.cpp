#include "guardrails/tree_walk.h"

#include <algorithm>
#include <utility>

#include "guardrails/unsafe_states.h"

namespace microgpt::guardrails {
namespace {

constexpr std::size_t kNodesAtOnce = 4096, kWitnessesAtOnce = 256;

// A total order, so that threads don't matter.
bool is_before(const Witness& a, const Witness& b) {
  if (a.probability != b.probability) return a.probability > b.probability;
  return std::pair(a.text, a.whole) < std::pair(b.text, b.whole);
}

}  // namespace

void Watch::add(std::size_t tasks_done, std::size_t nodes) {
  const Lock lock(mutex_);
  progress_.tasks_done += tasks_done;
  progress_.nodes += nodes;
  if (watch_ && !watch_(progress_)) throw Cancelled();
}

Tree::Tree(const Model& model, const Constraint& automaton)
    : constraint(automaton),
      tokenizer(model.tokenizer),
      bos(model.tokenizer.bos()),
      block_size(static_cast<std::size_t>(model.config.block_size)),
      to_unsafe(tokens_to_unsafe(automaton, block_size)) {
  for (int token = 0; token < model.config.vocab_size; ++token) {
    if (token != bos) letters.push_back(token);
  }
}

void Mass::add(double p, const Mass& branch) {
  unsafe += p * branch.unsafe;
  unknown += p * branch.unknown;
  if (p * branch.best <= best) return;
  best = p * branch.best;
  best_word = branch.best_word;
}

void keep_likeliest(std::vector<Witness>& witnesses, std::size_t most) {
  std::ranges::sort(witnesses, is_before);
  witnesses.resize(std::min(witnesses.size(), most));
}

TreeWalk::TreeWalk(const Tree& tree, NextToken next_token, Watch& watch)
    : tree_(tree),
      next_token_(std::move(next_token)),
      watch_(watch),
      probs_(tree.block_size, std::vector<double>(tree.letters.size() + 1)) {}

Figure TreeWalk::walk(const std::vector<std::size_t>& beginning, const How& how) {
  how_ = how;
  path_.clear();
  Node node{tree_.constraint.start(), 1, 1, Tree::Sure::kNothing, 0};
  double probability = 1;
  for (const std::size_t letter : beginning) {
    const auto token = static_cast<std::size_t>(tree_.letters[letter]);
    const double p = feed()[token];
    probability *= p;
    if (node.sure != Tree::Sure::kUnsafe) node.sure = tree_.sure(node.state, room());
    node = child(node, letter, p);
    path_.push_back(tree_.letters[letter]);
    if (path_.size() > how.root) continue;
    node.joint = node.given = 1;
    node.sure = Tree::Sure::kNothing;  // what is above has no witness
  }
  const Mass mass = look(node);
  keep_likeliest(*how.witnesses, how.num_witnesses);
  watch_.add(1, std::exchange(nodes_, 0));
  return {probability, mass, node.state};
}

// Feeds the last letter of the path. Returns what may follow.
std::vector<double>& TreeWalk::feed() {
  if (++nodes_ == kNodesAtOnce) watch_.add(0, std::exchange(nodes_, 0));
  std::vector<double>& probs = probs_[path_.size()];
  next_token_.feed(path_.size(), path_.empty() ? tree_.bos : path_.back(), probs);
  return probs;
}

TreeWalk::Node TreeWalk::child(const Node& node, std::size_t letter, double p) const {
  return {.state = tree_.constraint.next(node.state, tree_.letters[letter]),
          .joint = node.joint * p,
          .given = path_.size() < how_.prefix_length ? 1 : node.given * p,
          .sure = node.sure,
          .number = node.number * tree_.letters.size() + letter};
}

// REQUIRES: node.sure is that of the node above.
Mass TreeWalk::look(Node node) {
  const std::size_t length = path_.size();
  if (length == how_.known_length) return (*how_.known)[node.number];
  const bool was_sure = node.sure == Tree::Sure::kUnsafe;
  if (!was_sure) node.sure = tree_.sure(node.state, room());
  const Mass mass = judge(node, was_sure);
  if (how_.figures != nullptr && length <= how_.prefix_length) {
    const std::size_t number = number_of_first(length, tree_.letters.size()) + node.number;
    (*how_.figures)[number] = {node.joint, mass, node.state};
  }
  return mass;
}

// was_sure: the node above is unsafe, and has a witness.
Mass TreeWalk::judge(const Node& node, bool was_sure) {
  const std::size_t length = path_.size();
  const bool has_prefixes = length < how_.prefix_length;  // below it, whose probability counts
  if (node.sure == Tree::Sure::kNothing) {
    if (length > how_.prefix_length && !is_likely(node)) return {.unknown = 1};
    return branches(node);
  }
  if (has_prefixes) branches(node);
  if (node.sure == Tree::Sure::kSafe) return {};
  if (!was_sure) return unsafe(node.state, node.joint, room() == 0);
  return {.unsafe = 1, .best = 1, .best_word = tree_.constraint.reason(node.state)};
}

Mass TreeWalk::branches(const Node& node) {
  const std::vector<double>& probs = feed();
  Mass mass;
  const bool is_new = node.sure != Tree::Sure::kUnsafe;
  if (is_new && !tree_.constraint.may_end(node.state)) {
    const double p = probs[static_cast<std::size_t>(tree_.bos)];
    mass.add(p, unsafe(node.state, node.joint * p, true));
  }
  for (std::size_t letter = 0; letter < tree_.letters.size(); ++letter) {
    const int token = tree_.letters[letter];
    const double p = probs[static_cast<std::size_t>(token)];
    const Node next = child(node, letter, p);
    if (path_.size() >= how_.prefix_length && !is_likely(next) && is_open(next.state)) {
      mass.unknown += p;  // as look() would say, for most of all branches
      continue;
    }
    path_.push_back(token);
    mass.add(p, look(next));
    path_.pop_back();
  }
  return mass;
}

Mass TreeWalk::unsafe(Constraint::State state, double joint, bool whole) {
  const std::uint32_t word = tree_.constraint.reason(state);
  if (joint > 0) {
    how_.witnesses->push_back({tree_.tokenizer.decode(path_), whole, joint, word});
    if (how_.witnesses->size() > 2 * how_.num_witnesses + kWitnessesAtOnce) {
      keep_likeliest(*how_.witnesses, how_.num_witnesses);
    }
  }
  return {.unsafe = 1, .best = 1, .best_word = word};
}

std::size_t number_of_first(std::size_t length, std::size_t num_letters) {
  std::size_t number = 0;
  for (std::size_t i = 0, of_length = 1; i < length; ++i, of_length *= num_letters) {
    number += of_length;
  }
  return number;
}

}  // namespace microgpt::guardrails
