// What is wrong with a list of documents, one a line, before a model is trained on it; a clean copy
// of it; and what to train.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "microgpt/config.h"
#include "microgpt/dataset.h"
#include "microgpt/tokenizer.h"

namespace microgpt {

enum class Severity {
  kError,    // training refuses the file, or learns something else than was meant
  kWarning,  // training is hurt
  kNote,     // training takes care of it, or it is for the owner to judge
};
std::string_view to_string(Severity severity);  // "error", "warning", "note"

// Everything that a list is checked for.
enum class ListFault {
  kEncoding,     // UTF-16, UTF-32 or no text at all
  kInvalidUtf8,  // bytes that are not UTF-8
  kNul,
  kHugeLine,  // longer than kLongestLine
  kNoDocuments,
  kByteOrderMark,
  kReplacement,  // U+FFFD, where a program gave up on bytes that it could not read
  kMojibake,     // UTF-8 that was taken for Latin-1 or Windows-1252 and saved again
  kControl,
  kInvisible,
  kOddSpace,      // white space within a document that is no plain space
  kNotNfc,        // the same letters would be tokens in two ways
  kMixedScripts,  // a word of letters of alphabets that look alike
  kLongerThanBlock,
  kDuplicate,
  kNearDuplicate,  // but for case, accents, spaces and punctuation
  kLeak,           // from training to validation, in a random split by lines
  kRareLetter,
  kOutlier,
  kOuterSpace,  // white space at an end of a line
  kEmptyLine,
  kLineEnds,
  kNoFinalNewline,
};
inline constexpr std::size_t kNumFaults = 23;
std::string_view to_string(ListFault fault);  // "invalid-utf8"

// Whether a ListFixer takes it away.
bool is_fixable(ListFault fault);

// More of a line is not looked at: such a file is no list.
inline constexpr std::size_t kLongestLine = std::size_t{1} << 20;

struct FaultExample {
  std::size_t line = 0;  // from 1; 0: the file as a whole
  std::size_t byte = 0;  // of the file's line, from 1; 0: the line as a whole
  std::string what;      // "U+200B zero width space", "same as line 3"; may be empty
  std::string text;      // the document, or its beginning; UTF-8 where the file is
  bool is_cut = false;   // text is a beginning
};

struct Finding {
  ListFault fault = ListFault::kEncoding;
  Severity severity = Severity::kNote;
  std::size_t count = 0;  // lines, or characters where one line can have several
  bool estimated = false;
  std::string message;  // a sentence with the count
  std::string advice;   // what to do; may be empty
  // The first ones, at most CheckConfig::max_examples; of outliers the longest, at most 1,000.
  std::vector<FaultExample> examples;
};

// The documents in tokens of one kind.
struct UnitCounts {
  std::size_t different = 0;  // the vocabulary without BOS
  std::size_t total = 0;
  std::size_t longest = 0;  // document
};

struct ListReport {
  std::size_t bytes = 0;
  std::size_t lines = 0;
  std::size_t documents = 0;  // lines that are not empty
  std::size_t distinct = 0;   // documents
  // 0: distinct and what follows from it are exact. k: they are estimated from the documents whose
  // hash falls into one of 2^k parts.
  int sampling = 0;
  double leak = 0;                    // of validation documents, the share that is in train, too
  std::array<UnitCounts, 3> units{};  // by TokenKind
  std::size_t median_length = 0;      // in code points
  std::size_t length_95 = 0;          // 95 of 100 documents have at most so many
  int block_size = 0;                 // that documents were to fit; 0: there are none
  std::size_t joiners_in_place = 0;   // invisible characters that belong where they stand
  std::vector<std::pair<std::string, std::size_t>> scripts;  // letters of each, the most first
  std::vector<Finding> findings;                             // the worst first

  const UnitCounts& unit(TokenKind unit) const { return units[static_cast<std::size_t>(unit)]; }
  std::size_t count(Severity severity) const;  // of findings
  const Finding* find(ListFault fault) const;  // nullptr: not found
};

struct CheckConfig {
  std::optional<int> block_size = {};  // that documents must fit; none: the suggested one
  Encoding encoding = Encoding::kUtf8;
  std::size_t max_examples = 5;  // kept of each finding

  // Throws Error: block_size is not in its range.
  void check() const;
};

// Checks a file as it is read. Memory is bounded, whatever the file's size: some 160 MB, besides
// examples. Beyond 3 million different documents duplicates are estimated.
class ListChecker {
 public:
  // Throws Error: see CheckConfig::check.
  explicit ListChecker(const CheckConfig& config);
  ~ListChecker();

  // The next bytes of the file, in blocks of any size. False: it is no text, and the rest of the
  // file does not matter.
  bool add(std::string_view bytes);

  // At the file's end, once.
  ListReport finish();

 private:
  class State;
  std::unique_ptr<State> state_;
};

// One thing that was done to a line.
struct ListChange {
  std::size_t line = 0;  // from 1, of the file that was read
  std::string what;      // "U+200B removed", "duplicate of line 3"
};

struct FixConfig {
  Encoding encoding = Encoding::kUtf8;  // of what is read; UTF-8 is written
  bool drop_duplicates = false;
};

// Writes a list anew as it is read: UTF-8 in NFC without a byte order mark; lines that end with \n;
// no control characters, no invisible ones but where they belong, no white space but plain spaces
// within a document, no empty lines. Mojibake stays as it is, so that it can still be undone.
class ListFixer {
 public:
  // write: takes the new list, piece by piece; changed: each change, by line.
  ListFixer(const FixConfig& config, std::function<void(std::string_view)> write,
            std::function<void(const ListChange&)> changed);
  ~ListFixer();

  // Throws Error: bytes that are not of the encoding, a text in UTF-16, a line longer than
  // kLongestLine, or, to drop duplicates, more different documents than memory is meant for.
  void add(std::string_view bytes);

  // At the file's end, once. Returns how many lines were written. Throws Error also: none was.
  std::size_t finish();

 private:
  class State;
  std::unique_ptr<State> state_;
};

// What to train on a list, and why.
struct Suggestion {
  TokenKind tokens = TokenKind::kCodepoint;
  Config config;
  TrainConfig train;
  std::string engine;
  double epochs = 0;       // how often each document is seen
  bool memorises = false;  // the list is so small that a model can learn it by heart

  struct Reason {
    std::string setting;  // "block_size"
    std::string value;
    std::string why;
  };
  std::vector<Reason> reasons;  // one for each setting, in the order of a command line
};

// What somebody wants to have otherwise. Called after each choice, so that later ones build on it.
using Overrule = std::function<void(Suggestion&)>;

// For a training on so many documents of the list. Throws Error: the list has no documents.
Suggestion suggest(const ListReport& report, std::size_t trained_on, const Overrule& overrule);
Suggestion suggest(const ListReport& report);  // on all

// Seconds that the suggested training takes on this machine: steps of the engine on sequences of
// the list's mean length, taken for some tenths of a second. Throws Error: see make_engine.
double measure_training(const Suggestion& suggestion, const ListReport& report);

}  // namespace microgpt
