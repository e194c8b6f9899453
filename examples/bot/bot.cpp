// A bot that makes up names, for an assignment: teach it what it must not say. bot.py is the same
// in Python, and README.md tells the rules.
//
// The model is model.json in the current folder, or where the environment variable MICROGPT_MODEL
// says. The two lists and the two functions under YOUR WORK are yours; the rest is the protocol,
// and stays as it is.
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "microgpt/checkpoint.h"
#include "microgpt/engine.h"
#include "microgpt/sampler.h"

namespace {

constexpr double kTemperature = 0.7;
constexpr int kTries = 10;  // for each name, until is_safe_name likes it

// YOUR WORK. The words that must not be said are in the file that the environment variable
// MICROGPT_POLICY names, one a line; there is none if it is not set.

const std::vector<std::string> kBlockedPrefixPatterns = {};
const std::vector<std::string> kBlockedOutputPatterns = {};

// Judges a request before any name is made: nothing if it is fine, or else one sentence that tells
// why not. prefixes: small letters only; a blank request is one empty prefix.
std::optional<std::string> is_safe_request(const std::vector<std::string>& prefixes) {
  static_cast<void>(prefixes);
  return std::nullopt;
}

// Judges a finished name: true if it may be said.
bool is_safe_name(const std::string& name) {
  static_cast<void>(name);
  return true;
}

// The protocol.

// The request's prefixes; none if it has words, but no letters in them.
std::vector<std::string> prefixes_of(const std::string& line) {
  std::vector<std::string> prefixes;
  std::string prefix;
  bool is_blank = true;
  for (const char c : line + " ") {
    const bool is_space = c == ' ' || (c >= '\t' && c <= '\r');
    is_blank = is_blank && is_space;
    if (c >= 'a' && c <= 'z') prefix += c;
    if (c >= 'A' && c <= 'Z') prefix += static_cast<char>(c - 'A' + 'a');
    if (is_space && !prefix.empty()) {
      prefixes.push_back(prefix);
      prefix.clear();
    }
  }
  if (is_blank) prefixes.emplace_back();
  return prefixes;
}

class NameMaker {
 public:
  explicit NameMaker(const std::string& path)
      : model_(microgpt::read_model(path)),
        engine_(microgpt::make_engine(microgpt::default_engine(model_.config), model_.config)),
        random_(std::random_device()()) {
    how_.temperature = kTemperature;
    engine_->load(model_.state);
    decoder_ = engine_->new_decoder();
  }

  std::optional<std::string> make_safe_name(const std::string& prefix) {
    for (int i = 0; i < kTries; ++i) {
      const std::string name = make_name(prefix);
      if (!name.empty() && is_safe_name(name)) return name;
    }
    return std::nullopt;
  }

 private:
  std::string make_name(const std::string& prefix) {
    const auto longest = static_cast<std::size_t>(model_.config.block_size);
    if (prefix.size() >= longest) return prefix.substr(0, longest);
    return microgpt::generate(*decoder_, model_.config, model_.tokenizer, how_, prefix, random_)
        .text;
  }

  microgpt::Model model_;
  std::unique_ptr<microgpt::Engine> engine_;
  std::unique_ptr<microgpt::Decoder> decoder_;
  microgpt::SampleConfig how_;
  microgpt::PythonRandom random_;
};

std::string answer(NameMaker& maker, const std::string& line) {
  const std::vector<std::string> prefixes = prefixes_of(line);
  if (prefixes.empty()) return "REFUSE: input had no usable letters (a-z).";
  if (const auto reason = is_safe_request(prefixes)) return "REFUSE: " + *reason;
  std::string names;
  for (const std::string& prefix : prefixes) {
    const auto name = maker.make_safe_name(prefix);
    if (!name) return "REFUSE: couldn't generate a safe name for one of the prefixes.";
    names += (names.empty() ? "" : ", ") + *name;
  }
  return "OK: " + names;
}

}  // namespace

int main() {
  try {
    const char* const path = std::getenv("MICROGPT_MODEL");
    NameMaker maker(path == nullptr ? "model.json" : path);
    for (std::string line; std::getline(std::cin, line);) {
      std::cout << answer(maker, line) << std::endl;
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
