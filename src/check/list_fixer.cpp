#include <fmt/format.h>

#include <string>
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

// What becomes of a character that does not belong where it stands.
struct Remedy {
  std::string text;  // in its place
  std::string what;  // was done
};

Remedy remedy_for(const check::Spot& spot) {
  if (is_space(spot.oddity)) return {" ", "made a plain space"};
  const char32_t meant = check::windows_character(spot.c);
  if (meant == 0) return {"", "removed"};
  std::string text;
  append_utf8(text, meant);
  return {text, fmt::format("made {}, its byte in Windows-1252", describe_code_point(meant))};
}

}  // namespace

class ListFixer::State {
 public:
  State(const FixConfig& config, std::function<void(std::string_view)> write,
        std::function<void(const ListChange&)> changed)
      : config_(config),
        write_(std::move(write)),
        changed_(std::move(changed)),
        splitter_(config.encoding, [this](const Line& line) { take(line); }) {}

  void add(std::string_view bytes) { splitter_.add(bytes); }

  std::size_t finish() {
    splitter_.finish();
    if (written_ == 0) throw Error("no documents, expected at least one line of text");
    if (line_ends_ > 0) {
      told(first_line_end_, fmt::format("line end made \\n, on {} lines in all", line_ends_));
    }
    return written_;
  }

 private:
  void take(const Line& line);
  std::string_view without_mark(const Line& line);
  void clean(const Line& line, std::string_view text, std::string_view document);
  bool is_dropped(std::size_t line);

  void told(std::size_t line, std::string what) { changed_({line, std::move(what)}); }

  FixConfig config_;
  std::function<void(std::string_view)> write_;
  std::function<void(const ListChange&)> changed_;
  check::LineSplitter splitter_;
  check::LineScanner scanner_;
  check::HashCounts texts_{check::Gathered::kMostTexts};
  std::string clean_;  // the document that is being made, then with its line end
  std::size_t written_ = 0, line_ends_ = 0, first_line_end_ = 0;
};

std::string_view ListFixer::State::without_mark(const Line& line) {
  std::string_view text = line.text;
  if (line.number == 1) {
    const std::string_view foreign = check::foreign_encoding(text);
    if (!foreign.empty()) throw Error(fmt::format("the file is {}, expected text", foreign));
    if (text.starts_with(check::kByteOrderMark)) {
      text.remove_prefix(check::kByteOrderMark.size());
      told(1, "byte order mark removed");
    }
  }
  return text;
}

void ListFixer::State::take(const Line& line) {
  if (line.dropped > 0) {
    throw Error(
        fmt::format("line {}: longer than {} bytes, expected a list with one document a "
                    "line",
                    line.number, kLongestLine));
  }
  if (line.end != LineEnd::kLineFeed && ++line_ends_ == 1) first_line_end_ = line.number;
  const std::string_view text = without_mark(line);
  clean(line, text, check::stripped_document(text));
  if (clean_.empty()) return told(line.number, "empty line removed");
  if (is_dropped(line.number)) return;
  clean_ += '\n';
  write_(clean_);
  ++written_;
}

// Makes clean_ of a document. What is odd goes first: without it there may be something to compose,
// or white space at an end.
void ListFixer::State::clean(const Line& line, std::string_view text, std::string_view document) {
  if (document.size() != text.size() && !document.empty()) {
    told(line.number, "white space at the ends cut off");
  }
  const LineFacts& facts = scanner_.scan(document, line.number);
  if (!facts.invalid.empty()) {
    const std::size_t at = facts.invalid.front();
    const auto offset = static_cast<std::size_t>(document.data() - line.text.data());
    throw Error(fmt::format(
        "line {}, byte {}: not UTF-8, expected UTF-8 text, got byte 0x{:02X}; what it should be "
        "can't be known; for an older file try --encoding latin-1",
        line.number, offset + at + 1, static_cast<unsigned char>(document[at])));
  }
  clean_.clear();
  std::size_t done = 0;
  for (const check::Spot& spot : facts.spots) {
    if (spot.oddity == Oddity::kReplacement) continue;
    const Remedy remedy = remedy_for(spot);
    clean_ += document.substr(done, spot.at - done);
    clean_ += remedy.text;
    done = spot.at + spot.size;
    told(line.number, fmt::format("{} {}", check::name_of_oddity(spot.c), remedy.what));
  }
  clean_ += document.substr(done);
  if (done == 0 && !facts.may_be_no_nfc) return;
  std::string composed = check::to_nfc(clean_);
  if (composed != clean_) told(line.number, "letters composed (NFC)");
  clean_ = check::stripped_document(composed);
}

bool ListFixer::State::is_dropped(std::size_t line) {
  if (!config_.drop_duplicates) return false;
  check::HashCounts::Entry* const entry = texts_.find_or_add(check::hash_text(clean_), line);
  if (texts_.sampling() > 0) {
    throw Error(fmt::format(
        "more than {} different documents, too many to drop duplicates of in bounded memory; sort "
        "-u does it on the disk",
        check::Gathered::kMostTexts));
  }
  if (entry->times++ == 0) return false;
  told(line, fmt::format("removed, same as line {}", entry->first_line));
  return true;
}

ListFixer::ListFixer(const FixConfig& config, std::function<void(std::string_view)> write,
                     std::function<void(const ListChange&)> changed)
    : state_(std::make_unique<State>(config, std::move(write), std::move(changed))) {}
ListFixer::~ListFixer() = default;

void ListFixer::add(std::string_view bytes) { state_->add(bytes); }

std::size_t ListFixer::finish() { return state_->finish(); }

}  // namespace microgpt
