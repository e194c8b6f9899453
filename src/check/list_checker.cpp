#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "base/unicode.h"
#include "check/gathered.h"
#include "check/line_splitter.h"
#include "check/mojibake.h"
#include "check/text_form.h"
#include "microgpt/check.h"
#include "microgpt/error.h"

namespace microgpt {

using check::Line;
using check::LineEnd;
using check::LineFacts;
using check::Oddity;

namespace {

constexpr std::size_t kHead = 1 << 16;  // the bytes from which the encoding is judged
constexpr std::size_t kMostLongest = 1000;
constexpr std::size_t kShownLetters = 60;  // of a document

// The size of a document's beginning, in bytes.
std::size_t shown_size(std::string_view document) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < kShownLetters && at < document.size(); ++i) {
    const auto c = decode_utf8(document, at);
    at += c ? c->size : 1;
  }
  return at;
}

ListFault fault_of(Oddity oddity) {
  switch (oddity) {
    case Oddity::kNul:
      return ListFault::kNul;
    case Oddity::kControl:
      return ListFault::kControl;
    case Oddity::kSpace:
    case Oddity::kWideSpace:
      return ListFault::kOddSpace;
    case Oddity::kReplacement:
      return ListFault::kReplacement;
    default:
      return ListFault::kInvisible;
  }
}

}  // namespace

void CheckConfig::check() const {
  Config model;
  model.block_size = block_size.value_or(model.block_size);
  model.vocab_size = 2;
  model.check();
}

class ListChecker::State {
 public:
  explicit State(const CheckConfig& config)
      : splitter_(config.encoding, [this](const Line& line) { take(line); }) {
    gathered_.config = config;
  }

  bool add(std::string_view bytes) {
    gathered_.bytes += bytes.size();
    if (!is_judged_) {
      head_ += bytes;
      if (head_.size() >= kHead) judge();
    } else if (gathered_.foreign.empty()) {
      splitter_.add(bytes);
    }
    return gathered_.foreign.empty();
  }

  ListReport finish() {
    if (!is_judged_) judge();
    splitter_.finish();
    return check::make_report(gathered_);
  }

 private:
  // Decides whether the file may be a text, and if so takes what has been read of it.
  void judge() {
    is_judged_ = true;
    gathered_.foreign = check::foreign_encoding(head_);
    if (gathered_.foreign.empty()) splitter_.add(head_);
    head_ = {};
  }

  void take(const Line& line);
  void take_document(const Line& line, std::string_view document);
  void tell_places(const Line& line, std::string_view document, const LineFacts& facts);
  void count_text(const Line& line, std::string_view document, const LineFacts& facts);
  void count_length(const Line& line, std::string_view document, const LineFacts& facts);
  void keep_if_longest(const Line& line, std::string_view document, const check::Lengths& lengths);
  std::size_t place_of(const Line& line, const char* character) const;

  static FaultExample example_of(const Line& line, std::size_t byte, std::string_view document) {
    const std::size_t size = shown_size(document);
    return {line.number, byte, {}, std::string(document.substr(0, size)), size < document.size()};
  }

  // Counts a fault. byte: of the line, from 1; 0: the line as a whole. what: makes the example's
  // text, which takes longer than to count.
  template <class What>
  void tell(ListFault fault, const Line& line, std::size_t byte, std::string_view document,
            What what) {
    check::Tally& tally = gathered_.tally(fault);
    ++tally.count;
    if (tally.examples.size() >= gathered_.config.max_examples) return;
    tally.examples.push_back(example_of(line, byte, document));
    tally.examples.back().what = what();
  }

  void tell(ListFault fault, const Line& line, std::size_t byte, std::string_view document) {
    tell(fault, line, byte, document, [] { return std::string(); });
  }

  check::Gathered gathered_;
  check::LineSplitter splitter_;
  std::string head_;  // what was read before it was judged
  bool is_judged_ = false;
};

void ListChecker::State::take(const Line& line) {
  ++gathered_.lines;
  ++gathered_.ends[static_cast<std::size_t>(line.end)];
  std::string_view text = line.text;
  if (line.number == 1 && text.starts_with(check::kByteOrderMark)) {
    text.remove_prefix(check::kByteOrderMark.size());
    tell(ListFault::kByteOrderMark, line, 1, text);
  }
  if (line.dropped > 0) tell(ListFault::kHugeLine, line, 0, text);
  const std::string_view document = check::stripped_document(text);
  if (document.empty()) return tell(ListFault::kEmptyLine, line, 0, document);
  if (document.size() != text.size()) tell(ListFault::kOuterSpace, line, 0, document);
  take_document(line, document);
}

void ListChecker::State::take_document(const Line& line, std::string_view document) {
  ++gathered_.documents;
  const LineFacts& facts = gathered_.scanner.scan(document, line.number);
  gathered_.joiners_in_place += facts.joiners_in_place;
  tell_places(line, document, facts);
  if (facts.may_be_no_nfc && facts.invalid.empty() && check::to_nfc(document) != document) {
    tell(ListFault::kNotNfc, line, 0, document);
  }
  count_text(line, document, facts);
  count_length(line, document, facts);
}

void ListChecker::State::tell_places(const Line& line, std::string_view document,
                                     const LineFacts& facts) {
  const auto place = [&](std::size_t at) { return place_of(line, document.data() + at); };
  for (const std::size_t at : facts.invalid) {
    const auto byte = static_cast<unsigned char>(document[at]);
    gathered_.windows_bytes += byte < 0xA0 ? 1 : 0;
    tell(ListFault::kInvalidUtf8, line, place(at), document,
         [&] { return fmt::format("0x{:02X}", byte); });
  }
  for (const check::Mojibake& sequence : facts.mojibake) {
    tell(ListFault::kMojibake, line, place(sequence.at), document);
  }
  for (const check::Spot& spot : facts.spots) {
    tell(fault_of(spot.oddity), line, place(spot.at), document,
         [&] { return check::name_of_oddity(spot.c); });
  }
  for (const check::MixedWord& word : facts.mixed) {
    tell(ListFault::kMixedScripts, line, place(word.at), document, [&] {
      return fmt::format("{} ({} among {})", describe_code_point(word.c), to_string(word.script),
                         to_string(word.former));
    });
  }
}

// The byte of the file's line, from 1. A line in Latin-1 is held as UTF-8.
std::size_t ListChecker::State::place_of(const Line& line, const char* character) const {
  const std::string_view before(line.text.data(), character);
  if (gathered_.config.encoding != Encoding::kLatin1) return before.size() + 1;
  const auto continues = [](char c) { return static_cast<unsigned char>(c) >> 6 == 0b10; };
  return before.size() + 1 - static_cast<std::size_t>(std::ranges::count_if(before, continues));
}

// How many texts came again is known at the end; these are examples.
void ListChecker::State::count_text(const Line& line, std::string_view document,
                                    const LineFacts& facts) {
  const auto seen = gathered_.texts.add(facts.text_hash, facts.rest_hash, line.number);
  if (seen.same > 0) {
    tell(ListFault::kDuplicate, line, 0, document,
         [&] { return fmt::format("same as line {}", seen.same); });
  } else if (seen.similar > 0) {
    tell(ListFault::kNearDuplicate, line, 0, document,
         [&] { return fmt::format("like line {}", seen.similar); });
  }
}

void ListChecker::State::count_length(const Line& line, std::string_view document,
                                      const LineFacts& facts) {
  const check::Lengths lengths = {facts.code_points, facts.graphemes, document.size()};
  for (std::size_t unit = 0; unit < lengths.size(); ++unit) {
    std::vector<std::size_t>& documents = gathered_.lengths[unit];
    if (lengths[unit] >= documents.size()) documents.resize(lengths[unit] + 1);
    ++documents[lengths[unit]];
  }
  const std::size_t length = facts.code_points;
  const std::optional<int> block = gathered_.config.block_size;
  if (block && length >= static_cast<std::size_t>(*block)) {
    tell(ListFault::kLongerThanBlock, line, 0, document,
         [&] { return fmt::format("{} code points", length); });
  }
  keep_if_longest(line, document, lengths);
}

void ListChecker::State::keep_if_longest(const Line& line, std::string_view document,
                                         const check::Lengths& lengths) {
  using check::LongDocument;
  auto& longest = gathered_.longest;
  const bool full = longest.size() >= std::min(kMostLongest, gathered_.config.max_examples);
  if (full && (longest.empty() || lengths[0] <= longest.front().code_points())) return;
  if (full) {
    std::ranges::pop_heap(longest, std::greater<>(), &LongDocument::code_points);
    longest.pop_back();
  }
  longest.push_back({lengths, example_of(line, 0, document)});
  std::ranges::push_heap(longest, std::greater<>(), &LongDocument::code_points);
}

ListChecker::ListChecker(const CheckConfig& config) {
  config.check();
  state_ = std::make_unique<State>(config);
}
ListChecker::~ListChecker() = default;

bool ListChecker::add(std::string_view bytes) { return state_->add(bytes); }

ListReport ListChecker::finish() { return state_->finish(); }

}  // namespace microgpt
