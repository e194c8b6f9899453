// A walk through the tree of the documents that a model can write, over the product of model and
// automaton.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/mutex.h"
#include "guardrails/next_token.h"
#include "microgpt/audit.h"
#include "microgpt/constraint.h"

namespace microgpt::guardrails {

struct Cancelled {};  // thrown by a walk that was told to stop

// What the walks of one audit report to.
class Watch {
 public:
  Watch(const WatchAudit& watch, std::size_t tasks) : watch_(watch), progress_{0, tasks, 0} {}

  // Throws Cancelled.
  void add(std::size_t tasks_done, std::size_t nodes);

  std::size_t nodes() const { return progress_.nodes; }

 private:
  const WatchAudit& watch_;
  Mutex mutex_;
  AuditProgress progress_;
};

// The tree, and what in it is sure.
struct Tree {
  Tree(const Model& model, const Constraint& constraint);

  // What is sure of all documents that go on from a state: unsafe, safe, or nothing is.
  enum class Sure { kUnsafe, kSafe, kNothing };
  Sure sure(Constraint::State state, std::size_t room) const {
    if (constraint.to_go(state) > room) return Sure::kUnsafe;
    return to_unsafe[state] > room ? Sure::kSafe : Sure::kNothing;
  }

  const Constraint& constraint;
  const Tokenizer& tokenizer;
  int bos;
  std::vector<int> letters;  // all tokens but BOS
  std::size_t block_size;
  std::vector<std::uint32_t> to_unsafe;
};

// Probabilities, given a node of the tree.
struct Mass {
  double unsafe = 0;
  double unknown = 0;  // was not looked at
  double best = 0;     // of the likeliest witness
  std::uint32_t best_word = 0;

  // Adds what a branch has that is taken with probability p.
  void add(double p, const Mass& branch);
};

// Sorts witnesses and drops all but the likeliest.
void keep_likeliest(std::vector<Witness>& witnesses, std::size_t most);

// What a walk found of a prefix.
struct Figure {
  double probability = 0;  // of a document that begins so
  Mass mass;
  Constraint::State state = 0;
};

class TreeWalk {
 public:
  struct How {
    std::size_t root = 0;           // letters of the node whose probability counts as 1
    std::size_t prefix_length = 0;  // nodes of up to so many letters are all looked at,
    double prune = 0;               // others down to this probability,
    double prune_prefixes = 0;      // or this one, given the node of prefix_length letters above
    std::vector<Witness>* witnesses = nullptr;  // the likeliest are put here
    std::size_t num_witnesses = 0;
    std::vector<Figure>* figures = nullptr;  // of all prefixes, by number_of_first
    // What is known of the nodes of so many letters, in their order.
    const std::vector<Mass>* known = nullptr;
    std::size_t known_length = std::numeric_limits<std::size_t>::max();
  };

  TreeWalk(const Tree& tree, NextToken next_token, Watch& watch);

  // The node that a beginning leads to, with all below it.
  Figure walk(const std::vector<std::size_t>& beginning, const How& how);

 private:
  struct Node {
    Constraint::State state;
    double joint, given;  // probability from the root, and given the prefix above
    Tree::Sure sure;      // of this node, or the one above while this one was not looked at
    std::size_t number;   // of this prefix, among those of its length
  };

  std::vector<double>& feed();
  Node child(const Node& node, std::size_t letter, double p) const;
  Mass look(Node node);
  Mass judge(const Node& node, bool was_sure);
  Mass branches(const Node& node);
  Mass unsafe(Constraint::State state, double joint, bool whole);
  bool is_likely(const Node& node) const {
    return node.joint >= how_.prune || node.given >= how_.prune_prefixes;
  }
  // Whether nothing is sure of a state one letter below the path.
  bool is_open(Constraint::State state) const {
    return tree_.sure(state, room() - 1) == Tree::Sure::kNothing;
  }
  std::size_t room() const { return tree_.block_size - path_.size(); }

  const Tree& tree_;
  NextToken next_token_;
  Watch& watch_;
  How how_;
  std::vector<int> path_;                   // letters
  std::vector<std::vector<double>> probs_;  // (block_size, vocab_size): of what follows the path
  std::size_t nodes_ = 0;                   // that the watch does not know of
};

// Where the prefixes of a length begin in a list of all by length; beginnings count as base
// num_letters.
std::size_t number_of_first(std::size_t length, std::size_t num_letters);

}  // namespace microgpt::guardrails
