// The bot of the walkthrough's assignment: a line of prefixes in, a line of names out, and never a
// banned one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/checkpoint.h"
#include "microgpt/engine.h"
#include "microgpt/policy.h"
#include "microgpt/random.h"
#include "microgpt/sampler.h"

namespace microgpt {

enum class Guard {
  kCertified,  // only what the policy allows can be written
  kResample,   // the assignment's way: names are judged when they are done, ten tries each
  kOff,        // no policy
};
std::string_view to_string(Guard guard);   // "certified", "resample", "off"
Guard parse_guard(std::string_view name);  // Throws Error: no such name.

inline constexpr int kResampleTries = 10;

struct BotConfig {
  Guard guard = Guard::kCertified;
  double temperature = 0.7;
  bool discreet = false;  // reasons name the rule, and neither a banned word nor the request
};

// What the bot says to one request.
struct Reply {
  std::vector<std::string> names;  // one a prefix, in their order
  std::string refusal;             // instead: one sentence, why there are none

  bool refused() const { return !refusal.empty(); }
};

// The line of the protocol, without a line feed: "OK: ann, bo" or "REFUSE: reason".
std::string format_reply(const Reply& reply);

class Bot {
 public:
  // The engine has the model's weights; both must live as long as the bot.
  // Throws Error: temperature is not in its range; with a guard, the policy leaves nothing to say,
  // or the model's tokens are bytes.
  Bot(const Model& model, const Engine& engine, Policy policy, const BotConfig& config,
      const PythonRandom& random);

  // A line of white-space separated prefixes. Letters are lowered and what the model has no letter
  // for is dropped, a prefix with nothing left too; a blank request is one empty prefix. A letter
  // is what the model's tokens are, or a code point where those are bytes. A prefix of block_size
  // tokens or more is cut to those and is the name.
  Reply answer(std::string_view request);

 private:
  using Prefix = std::vector<int>;  // ids: read again, its text could be of other graphemes

  // At most block_size ids of each; none if the request holds nothing usable.
  std::vector<Prefix> prefixes_of(std::string_view request) const;
  Prefix prefix_of(std::string_view word) const;

  // Why a prefix can't be answered; empty if it can. number: its place in the request, from 1.
  std::string reason_to_refuse(const Prefix& prefix, std::size_t number);
  std::string reason_for(Constraint::State state, const std::string& text,
                         std::size_t number) const;

  // Nothing if ten tries did not make one.
  std::optional<std::string> make_name(const Prefix& prefix);

  const Model& model_;
  Policy policy_;
  BotConfig config_;
  PolicyReader reader_;
  std::optional<Constraint> constraint_;  // not without a guard
  SampleConfig how_;
  std::unique_ptr<Decoder> decoder_;
  PythonRandom random_;
};

}  // namespace microgpt
