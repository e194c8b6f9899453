#include "microgpt/bot.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>

#include "base/unicode.h"
#include "microgpt/error.h"

namespace microgpt {
namespace {

constexpr std::array<std::string_view, 3> kGuards = {"certified", "resample", "off"};

// What the policy allows, but for the empty name.
Constraint names_of(const Policy& policy, const Model& model) {
  Shape some_letter;
  some_letter.min_length = 1;
  const auto block_size = static_cast<std::size_t>(model.config.block_size);
  return both(forbid(policy, model.tokenizer),
              make_constraint(some_letter, model.tokenizer, block_size),
              static_cast<std::uint32_t>(policy.words.size()));
}

bool is_letter_of(const Tokenizer& tokenizer, std::string_view letter) {
  return std::ranges::find(tokenizer.uchars(), letter) != tokenizer.uchars().end();
}

std::string utf8_of(char32_t c) {
  std::string text;
  append_utf8(text, c);
  return text;
}

// A character as the model's letter, lowered if it has that; empty if it has neither.
std::string usable_letter(char32_t c, const Tokenizer& tokenizer) {
  const auto lower = utf8proc_tolower(static_cast<utf8proc_int32_t>(c));
  for (const std::string& letter : {utf8_of(static_cast<char32_t>(lower)), utf8_of(c)}) {
    if (is_letter_of(tokenizer, letter)) return letter;
  }
  return "";
}

// "a-z" where those are the model's letters.
bool has_latin_letters_only(const Tokenizer& tokenizer) {
  const auto& letters = tokenizer.uchars();
  return letters.size() == 26 && letters.front() == "a" && letters.back() == "z";
}

}  // namespace

std::string_view to_string(Guard guard) { return kGuards[static_cast<std::size_t>(guard)]; }

Guard parse_guard(std::string_view name) {
  const auto at = std::ranges::find(kGuards, name);
  if (at == kGuards.end()) {
    throw Error(fmt::format("guard: expected {}, got '{}'", fmt::join(kGuards, ", "), name));
  }
  return static_cast<Guard>(at - kGuards.begin());
}

std::string format_reply(const Reply& reply) {
  if (reply.refused()) return "REFUSE: " + reply.refusal;
  return fmt::format("OK: {}", fmt::join(reply.names, ", "));
}

Bot::Bot(const Model& model, const Engine& engine, Policy policy, const BotConfig& config,
         const PythonRandom& random)
    : model_(model),
      policy_(std::move(policy)),
      config_(config),
      reader_(policy_),
      constraint_(names_of(policy_, model)),
      decoder_(engine.new_decoder()),
      random_(random) {
  how_.temperature = config.temperature;
  how_.check();
  if (config.guard == Guard::kCertified) how_.constraint = &constraint_;
  if (constraint_.to_go(constraint_.start()) > static_cast<std::size_t>(model.config.block_size)) {
    throw Error(fmt::format(
        "policy: {} leaves no name that the model could say, expected some that are allowed",
        policy_.name));
  }
}

Reply Bot::answer(std::string_view request) {
  const std::vector<std::string> prefixes = prefixes_of(request);
  if (prefixes.empty()) {
    const bool latin = has_latin_letters_only(model_.tokenizer);
    return {{}, fmt::format("input had no usable letters{}.", latin ? " (a-z)" : "")};
  }
  if (config_.guard != Guard::kOff) {
    for (std::size_t i = 0; i < prefixes.size(); ++i) {
      const std::string reason = reason_to_refuse(prefixes[i], i + 1);
      if (!reason.empty()) return {{}, reason};
    }
  }
  Reply reply;
  for (const std::string& prefix : prefixes) {
    const auto name = make_name(prefix);
    if (!name) return {{}, "couldn't generate a safe name for one of the prefixes."};
    reply.names.push_back(*name);
  }
  return reply;
}

std::vector<std::string> Bot::prefixes_of(std::string_view request) const {
  std::vector<std::string> prefixes;
  std::string prefix;
  int room = model_.config.block_size;
  bool blank = true;
  const auto end_prefix = [&] {
    if (!prefix.empty()) prefixes.push_back(std::move(prefix));
    prefix.clear();
    room = model_.config.block_size;
  };
  for (std::size_t at = 0; at < request.size();) {
    const auto c = decode_utf8(request, at);
    at += c ? c->size : 1;
    if (c && is_python_space(c->value)) {
      end_prefix();
      continue;
    }
    blank = false;
    if (!c || room == 0) continue;
    const std::string letter = usable_letter(c->value, model_.tokenizer);
    if (!letter.empty()) --room;
    prefix += letter;
  }
  end_prefix();
  if (blank) prefixes.emplace_back();
  return prefixes;
}

std::string Bot::reason_to_refuse(const std::string& prefix, std::size_t number) {
  const auto block_size = static_cast<std::size_t>(model_.config.block_size);
  const std::vector<int> ids = model_.tokenizer.encode(prefix);
  const Constraint::State state = constraint_.read(ids);
  if (constraint_.to_go(state) > block_size - ids.size()) return reason_for(state, prefix, number);
  if (policy_.refuse_started == 0 || reader_.started(prefix) < policy_.refuse_started) return "";
  if (config_.discreet) {
    return fmt::format("Prefix {} of the request begins what the rule \"{}\" forbids.", number,
                       policy_.name);
  }
  return fmt::format("The prefix \"{}\" ends in the beginning of {}.", prefix, policy_.subject);
}

std::string Bot::reason_for(Constraint::State state, const std::string& prefix,
                            std::size_t number) const {
  const bool lost = state >= constraint_.num_states();
  if (config_.discreet) {
    return fmt::format("Prefix {} of the request {} the rule \"{}\".", number,
                       lost ? "is against" : "leaves no name within", policy_.name);
  }
  const std::uint32_t word = constraint_.reason(state);
  const bool known = word < policy_.words.size();
  return fmt::format("The prefix \"{}\" {} {}{}, which I never say.", prefix,
                     lost ? "contains" : "can only become", policy_.subject,
                     known ? fmt::format(", \"{}\"", policy_.words[word].text) : "");
}

std::optional<std::string> Bot::make_name(const std::string& prefix) {
  if (std::ssize(model_.tokenizer.encode(prefix)) == model_.config.block_size) return prefix;
  const int tries = config_.guard == Guard::kCertified ? 1 : kResampleTries;
  for (int i = 0; i < tries; ++i) {
    const std::string name =
        generate(*decoder_, model_.config, model_.tokenizer, how_, prefix, random_).text;
    const bool judged = config_.guard == Guard::kResample;
    if (!name.empty() && !(judged && reader_.find(name))) return name;
  }
  return std::nullopt;
}

}  // namespace microgpt
