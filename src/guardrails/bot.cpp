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
  const Constraint allowed = forbid(policy, model.tokenizer);
  return both(allowed, make_constraint(some_letter, model.tokenizer, block_size),
              static_cast<std::uint32_t>(policy.words.size()));
}

// str.split(); what is not UTF-8 is no white space.
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  std::size_t begin = 0;
  const auto end_word = [&](std::size_t end) {
    if (end > begin) words.push_back(text.substr(begin, end - begin));
  };
  for (std::size_t at = 0, size; at < text.size(); at += size) {
    const auto c = decode_utf8(text, at);
    size = c ? c->size : 1;
    if (!c || !is_python_space(c->value)) continue;
    end_word(at);
    begin = at + size;
  }
  end_word(text.size());
  return words;
}

// REQUIRES: text is UTF-8.
std::string lowered(std::string_view text) {
  std::string lower;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = *decode_utf8(text, at);
    append_utf8(lower,
                static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c.value))));
    at += c.size;
  }
  return lower;
}

// A letter's ids, lowered if the model has that; empty if it has neither. REQUIRES: it is UTF-8.
std::vector<int> ids_of_letter(std::string_view letter, const Tokenizer& tokenizer) {
  auto ids = tokenizer.try_encode(lowered(letter));
  if (!ids) ids = tokenizer.try_encode(letter);
  return ids.value_or(std::vector<int>());
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
      decoder_(engine.new_decoder()),
      random_(random) {
  how_.temperature = config.temperature;
  how_.check();
  if (config.guard == Guard::kOff) return;
  constraint_ = names_of(policy_, model);
  if (config.guard == Guard::kCertified) how_.constraint = &*constraint_;
  if (constraint_->to_go(constraint_->start()) >
      static_cast<std::size_t>(model.config.block_size)) {
    throw Error(fmt::format(
        "policy: {} leaves no name that the model could say, expected some that are allowed",
        policy_.name));
  }
}

Reply Bot::answer(std::string_view request) {
  const std::vector<Prefix> prefixes = prefixes_of(request);
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
  for (const Prefix& prefix : prefixes) {
    const auto name = make_name(prefix);
    if (!name) return {{}, "couldn't generate a safe name for one of the prefixes."};
    reply.names.push_back(*name);
  }
  return reply;
}

std::vector<Bot::Prefix> Bot::prefixes_of(std::string_view request) const {
  const std::vector<std::string_view> words = words_of(request);
  if (words.empty()) return {Prefix()};
  std::vector<Prefix> prefixes;
  for (const std::string_view word : words) {
    Prefix prefix = prefix_of(word);
    if (!prefix.empty()) prefixes.push_back(std::move(prefix));
  }
  return prefixes;
}

Bot::Prefix Bot::prefix_of(std::string_view word) const {
  const Tokenizer& tokenizer = model_.tokenizer;
  const bool graphemes = tokenizer.kind() == TokenKind::kGrapheme;
  const TokenKind kind = graphemes ? TokenKind::kGrapheme : TokenKind::kCodepoint;
  Prefix prefix;
  for (std::size_t at = 0, size; at < word.size(); at += std::max<std::size_t>(size, 1)) {
    size = character_size(word, at, kind);
    const std::vector<int> ids = ids_of_letter(word.substr(at, size), tokenizer);
    if (std::ssize(prefix) + std::ssize(ids) > model_.config.block_size) break;
    prefix.insert(prefix.end(), ids.begin(), ids.end());
  }
  return prefix;
}

std::string Bot::reason_to_refuse(const Prefix& prefix, std::size_t number) {
  const auto block_size = static_cast<std::size_t>(model_.config.block_size);
  const std::string text = model_.tokenizer.decode(prefix);
  const Constraint::State state = constraint_->read(prefix);
  if (constraint_->to_go(state) > block_size - prefix.size())
    return reason_for(state, text, number);
  if (policy_.refuse_started == 0 || reader_.started(text) < policy_.refuse_started) return "";
  if (config_.discreet) {
    return fmt::format("Prefix {} of the request begins what the rule \"{}\" forbids.", number,
                       policy_.name);
  }
  return fmt::format("The prefix \"{}\" ends in the beginning of {}.", text, policy_.subject);
}

std::string Bot::reason_for(Constraint::State state, const std::string& text,
                            std::size_t number) const {
  const bool lost = state >= constraint_->num_states();
  if (config_.discreet) {
    return fmt::format("Prefix {} of the request {} the rule \"{}\".", number,
                       lost ? "is against" : "leaves no name within", policy_.name);
  }
  const std::uint32_t word = constraint_->reason(state);
  const bool known = word < policy_.words.size();
  return fmt::format("The prefix \"{}\" {} {}{}, which I never say.", text,
                     lost ? "contains" : "can only become", policy_.subject,
                     known ? fmt::format(", \"{}\"", policy_.words[word].text) : "");
}

std::optional<std::string> Bot::make_name(const Prefix& prefix) {
  if (std::ssize(prefix) == model_.config.block_size) return model_.tokenizer.decode(prefix);
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
