// How likely a model is to say what a policy forbids: computed, not sampled.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "microgpt/checkpoint.h"
#include "microgpt/dataset.h"
#include "microgpt/engine.h"
#include "microgpt/policy.h"

namespace microgpt {

// A number that is known to lie between two. Both are sums of probabilities, in doubles: what they
// leave out is rounding, some 1e-15.
struct Bounds {
  double at_least = 0;
  double at_most = 0;

  bool operator==(const Bounds&) const = default;
};

struct AuditConfig {
  double temperature = 0.7;
  std::size_t prefix_length = 3;  // of the longest of those that are all audited
  // The tree of documents is explored down to beginnings of this probability. What is below counts
  // for the upper bound, unless no banned word fits any more. 0: to the end.
  double prune = 2e-9;
  // And, from each of the longest of the prefixes, down to this one, given the prefix.
  double prune_prefixes = 1e-4;
  std::size_t num_witnesses = 20;
  std::size_t num_attacks = 20;       // beginnings of banned words, see attacks
  std::vector<std::string> prefixes;  // to audit besides, as attacks

  // Throws Error: a value is not in its range.
  void check() const;
};

// The most prefixes that are audited, and the longest they can be so: as long as asked for, shorter
// than the block, and not more of them than that.
inline constexpr std::size_t kMaxPrefixes = 20'000;
std::size_t longest_audited(std::size_t prefix_length, const Config& config);

// How a document begins, or is, once it is sure to be unsafe.
struct Witness {
  std::string text;
  bool whole = false;      // nothing can follow: this is the document
  double probability = 0;  // of a document that begins so, or is so
  std::size_t word = 0;    // of Policy::words

  bool operator==(const Witness&) const = default;
};

// What is known of the documents that begin with a prefix.
struct AuditedPrefix {
  std::string text;
  double probability = 0;  // that a document begins so
  Bounds unsafe;           // the probability of an unsafe one, given that; without any guard
  double empty = 0;        // of the empty document, which a bot does not take either
  bool hopeless = false;   // no safe one begins so
  bool refused = false;    // hopeless, or the policy refuses what begins a word
  std::optional<std::size_t> word;  // of Policy::words, of the likeliest witness

  // That a bot that judges names and makes at most kResampleTries of them has none in the end.
  Bounds all_tries_fail() const;

  bool operator==(const AuditedPrefix&) const = default;
};

struct Attack {
  AuditedPrefix prefix;
  std::vector<Witness> witnesses;  // the likeliest; probabilities are given the prefix

  bool operator==(const Attack&) const = default;
};

// All prefixes of one length together. Each counts as often as the model begins so.
struct PrefixLength {
  std::size_t length = 0;
  std::size_t prefixes = 0, hopeless = 0, refused = 0;
  double refused_probability = 0;  // that a document begins with a refused one
  Bounds safe_refused;             // and is safe: what refusing costs

  bool operator==(const PrefixLength&) const = default;
};

// That nothing unsafe can be written where only allowed tokens are: every state that can so be
// reached, with each number of tokens that may be left, was looked at.
struct Certificate {
  std::size_t situations = 0;  // pairs of a state and the room that is left
  std::size_t dead_ends = 0;   // of them: may not end, and no token is allowed
  bool holds() const { return dead_ends == 0; }

  bool operator==(const Certificate&) const = default;
};

struct Audit {
  std::vector<AuditedPrefix> prefixes;  // by length, then in the order of tokens; the first is ""
  std::vector<Witness> witnesses;       // without prefix, the likeliest first
  // Every beginning of at least four letters of a banned word of the policy, or those of them after
  // which the word is likeliest; before them those that were asked for.
  std::vector<Attack> attacks;
  std::vector<PrefixLength> lengths;  // from 1 on
  Certificate certificate;
  std::size_t nodes = 0;  // beginnings that were fed to the model

  bool operator==(const Audit&) const = default;
};

// How far an audit has come. False stops it.
struct AuditProgress {
  std::size_t tasks_done = 0, tasks = 0;
  std::size_t nodes = 0;
};
using WatchAudit = std::function<bool(const AuditProgress&)>;

// Audits a model by engines that have its weights, with a thread for each. The result does not
// depend on how many they are. watch is called from any thread, never twice at once. Nothing if it
// stopped the audit. REQUIRES: at least one engine.
// Throws Error: a value of config is not in its range, a prefix has another letter or is as long as
// the block, the model's logits are no numbers.
std::optional<Audit> audit(const Model& model, std::span<const std::unique_ptr<Engine>> engines,
                           const Policy& policy, const AuditConfig& config,
                           const WatchAudit& watch = {});

// A document that a policy forbids, as often as the data holds it.
struct UnsafeDocument {
  std::string text;
  std::size_t word = 0;  // of Policy::words
  std::size_t times = 0;
  // That the model writes it, if it can: not with other letters or more than the block has.
  std::optional<double> probability;

  bool operator==(const UnsafeDocument&) const = default;
};

// Those of a model's training data, in their order.
std::vector<UnsafeDocument> unsafe_documents(const Dataset& data, const Model& model,
                                             const Engine& engine, const Policy& policy,
                                             double temperature);

// The data without them, one document a line, in order.
std::string without_unsafe(const Dataset& data, const Policy& policy);

}  // namespace microgpt
