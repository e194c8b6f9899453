#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <utility>

#include "base/unicode.h"
#include "check/gathered.h"
#include "check/leak.h"
#include "check/line_splitter.h"
#include "check/mojibake.h"
#include "check/text_form.h"

namespace microgpt::check {
namespace {

// "1 line", "2 lines"
std::string counted(std::size_t count, const std::string& noun) {
  return fmt::format("{} {}{}", grouped(count), noun, count == 1 ? "" : "s");
}

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

class ReportMaker {
 public:
  explicit ReportMaker(Gathered& gathered) : gathered_(gathered) {}

  ListReport make();

 private:
  void count_units();
  void count_scripts();
  void count_lengths();
  void count_texts();

  void find_encoding();
  void find_characters();
  void find_lengths();
  void find_texts();
  void find_rare_letters();
  void find_lines();

  void find_longer_than_suggested_block();
  void find_outliers();

  // A finding of what was tallied, if anything was.
  void find(ListFault fault, Severity severity, const std::string& message,
            const std::string& advice);
  std::size_t count(ListFault fault) const { return gathered_.tally(fault).count; }
  std::size_t length_at(double share) const;

  Gathered& gathered_;
  ListReport report_;
  std::size_t similar_ = 0;
};

ListReport ReportMaker::make() {
  report_.bytes = gathered_.bytes;
  report_.lines = gathered_.lines;
  report_.documents = gathered_.documents;
  report_.joiners_in_place = gathered_.joiners_in_place;
  find_encoding();
  if (gathered_.documents > 0) {
    count_units();
    count_scripts();
    count_lengths();
    count_texts();
    find_characters();
    find_lengths();
    find_texts();
    find_rare_letters();
  }
  find_lines();
  std::ranges::stable_sort(report_.findings, {}, &Finding::severity);
  return std::move(report_);
}

void ReportMaker::find(ListFault fault, Severity severity, const std::string& message,
                       const std::string& advice) {
  Tally& tally = gathered_.tally(fault);
  if (tally.count == 0) return;
  report_.findings.push_back(
      {fault, severity, tally.count, false, message, advice, std::move(tally.examples)});
}

// Of the bytes of UTF-8 each is counted with the characters that it is a part of.
void ReportMaker::count_units() {
  auto& [points, graphemes, bytes] = report_.units;
  std::array<bool, 256> seen{};
  gathered_.scanner.characters().for_each([&](char32_t c, const Character& character) {
    std::string text;
    append_utf8(text, c);
    for (const char byte : text) seen[static_cast<unsigned char>(byte)] = true;
    ++points.different;
    points.total += character.count;
    bytes.total += character.count * text.size();
    graphemes.different += character.stood_alone ? 1 : 0;
  });
  const HashCounts& clusters = gathered_.scanner.clusters();
  graphemes.different += clusters.size() << clusters.sampling();
  const std::vector<std::size_t>& lengths = gathered_.lengths[1];
  for (std::size_t n = 0; n < lengths.size(); ++n) graphemes.total += n * lengths[n];
  bytes.different = static_cast<std::size_t>(std::ranges::count(seen, true));
  for (std::size_t unit = 0; unit < report_.units.size(); ++unit) {
    report_.units[unit].longest = gathered_.lengths[unit].size() - 1;
  }
}

void ReportMaker::count_scripts() {
  std::array<std::size_t, kNumScripts> letters{};
  gathered_.scanner.characters().for_each([&](char32_t, const Character& character) {
    if (character.kind != Kind::kLetter) return;
    letters[static_cast<std::size_t>(character.script)] += character.count;
  });
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (letters[i] == 0) continue;
    report_.scripts.emplace_back(to_string(static_cast<Script>(i)), letters[i]);
  }
  std::ranges::stable_sort(report_.scripts, std::greater<>(),
                           &std::pair<std::string, std::size_t>::second);
}

std::size_t ReportMaker::length_at(double share) const {
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(report_.documents - 1));
  std::size_t length = 0;
  const std::vector<std::size_t>& documents = gathered_.lengths[0];
  for (std::size_t below = documents[0]; below <= rank;) {
    below += documents[++length];
  }
  return length;
}

void ReportMaker::count_lengths() {
  report_.median_length = length_at(0.5);
  report_.length_95 = length_at(0.95);
}

// Of a sample of the texts everything is scaled to all documents.
void ReportMaker::count_texts() {
  const TextCounter& texts = gathered_.texts;
  const std::size_t n = report_.documents;
  Multiplicities multiplicities;
  std::size_t sampled = 0;
  texts.texts().for_each([&](const HashCounts::Entry& text) {
    ++multiplicities[text.times];
    sampled += text.times;
  });
  const auto scaled = [&](std::size_t number) {
    if (sampled == n) return number;
    return static_cast<std::size_t>(std::llround(
        static_cast<double>(number) / static_cast<double>(sampled) * static_cast<double>(n)));
  };
  report_.sampling = texts.sampling();
  report_.distinct = scaled(texts.texts().size());
  similar_ = scaled(texts.similar());
  report_.leak = expected_leak(multiplicities, n, (n + 9) / 10, sampled);
  gathered_.tally(ListFault::kDuplicate).count = n - report_.distinct;
  gathered_.tally(ListFault::kNearDuplicate).count = similar_;
}

void ReportMaker::find_encoding() {
  if (!gathered_.foreign.empty()) {
    gathered_.tally(ListFault::kEncoding).count = 1;
    const bool is_text = gathered_.foreign.starts_with("UTF");
    find(ListFault::kEncoding, Severity::kError,
         fmt::format("the file is {}, and no text in UTF-8", gathered_.foreign),
         is_text ? fmt::format("convert it: iconv -f {} -t UTF-8",
                               gathered_.foreign.substr(0, gathered_.foreign.find(',')))
                 : "unpack the list, or export it as plain text, one document a line");
    return;
  }
  std::size_t valid = 0;
  gathered_.scanner.characters().for_each([&](char32_t c, const Character& character) {
    if (c >= 0x80) valid += character.count;
  });
  const bool latin1 = valid == 0, windows = latin1 && gathered_.windows_bytes > 0;
  find(ListFault::kInvalidUtf8, Severity::kError,
       fmt::format("{} that {} not UTF-8{}", counted(count(ListFault::kInvalidUtf8), "byte"),
                   count(ListFault::kInvalidUtf8) == 1 ? "is" : "are",
                   windows  ? "; the file looks like Windows-1252"
                   : latin1 ? "; the file looks like Latin-1"
                            : ""),
       windows  ? "give --encoding latin-1 and --fix: the new list is UTF-8, with the quotes and "
                  "dashes of Windows-1252"
       : latin1 ? "give --encoding latin-1, here and to train; with --fix the new list is UTF-8"
                : "the file is damaged, or parts of it are in another encoding: save those again");
  find(ListFault::kNul, Severity::kError, counted(count(ListFault::kNul), "NUL byte"),
       "training refuses them; --fix takes them out");
  find(ListFault::kHugeLine, Severity::kError,
       fmt::format("{} of more than {} bytes, of which the rest was not looked at",
                   counted(count(ListFault::kHugeLine), "line"), grouped(kLongestLine)),
       "a list has one document a line");
  if (gathered_.documents == 0) {
    gathered_.tally(ListFault::kNoDocuments).count = 1;
    find(ListFault::kNoDocuments, Severity::kError,
         report_.bytes == 0 ? "the file is empty" : "the file has nothing but white space",
         "a list has one document a line");
  }
}

void ReportMaker::find_characters() {
  find(ListFault::kByteOrderMark, Severity::kWarning, "the file begins with a byte order mark",
       "it would be a letter of the first document; --fix takes it off");
  find(ListFault::kReplacement, Severity::kWarning,
       counted(count(ListFault::kReplacement), "replacement character"),
       "a program could not read what stood there: take the list from its source again");
  find(ListFault::kMojibake, Severity::kWarning,
       fmt::format("{} that look{} like UTF-8 read as Latin-1 or Windows-1252 and saved again",
                   counted(count(ListFault::kMojibake), "place"),
                   count(ListFault::kMojibake) == 1 ? "s" : ""),
       gathered_.config.encoding == Encoding::kLatin1
           ? "the file may be UTF-8: leave out --encoding latin-1"
           : "take the list from its source again, as UTF-8; or undo it: iconv -f UTF-8 -t LATIN1, "
             "or CP1252 in place of LATIN1");
  std::size_t windows = 0;
  gathered_.scanner.characters().for_each([&](char32_t c, const Character& character) {
    if (windows_character(c) != 0) windows += character.count;
  });
  find(ListFault::kControl, Severity::kWarning,
       counted(count(ListFault::kControl), "control character"),
       windows > 0
           ? "each would be a letter of its own; --fix makes those of Windows-1252, read as "
             "Latin-1, quotes and dashes again, and takes out the others"
           : "each would be a letter of its own; --fix takes them out");
  find(ListFault::kInvisible, Severity::kWarning,
       counted(count(ListFault::kInvisible), "invisible character"),
       "each would be a letter of its own, and equal documents are different; --fix takes them "
       "out");
  find(ListFault::kOddSpace, Severity::kWarning,
       fmt::format("{} of white space that {} no plain space",
                   counted(count(ListFault::kOddSpace), "character"),
                   count(ListFault::kOddSpace) == 1 ? "is" : "are"),
       "several letters for one thing; --fix makes them plain spaces. Tabs mean a table: keep one "
       "column of it");
  find(ListFault::kNotNfc, Severity::kWarning,
       fmt::format("{} not in Unicode's form NFC", counted(count(ListFault::kNotNfc), "document")),
       "the same letter is written in two ways, and the model learns it twice; --fix makes it one");
  find(ListFault::kMixedScripts, Severity::kWarning,
       fmt::format("{} with letters of two alphabets that look alike",
                   counted(count(ListFault::kMixedScripts), "word")),
       "to the model they are different letters: correct those words by hand");
}

void ReportMaker::find_lengths() {
  std::ranges::stable_sort(gathered_.longest, std::greater<>(), &LongDocument::code_points);
  if (gathered_.config.block_size) {
    report_.block_size = *gathered_.config.block_size;
    const auto block = static_cast<std::size_t>(report_.block_size);
    find(ListFault::kLongerThanBlock, Severity::kWarning,
         fmt::format("{} of {} code points or more do{} not fit a block of {}",
                     counted(count(ListFault::kLongerThanBlock), "document"), block,
                     count(ListFault::kLongerThanBlock) == 1 ? "es" : "", block),
         fmt::format("the model never sees how they end; --block-size {} has room for all",
                     report_.unit(TokenKind::kCodepoint).longest + 1));
  } else if (report_.unit(TokenKind::kCodepoint).total > 0) {
    find_longer_than_suggested_block();
  }
  find_outliers();
}

// In the tokens that are suggested.
void ReportMaker::find_longer_than_suggested_block() {
  const Suggestion suggestion = suggest(report_);
  report_.block_size = suggestion.config.block_size;
  const auto block = static_cast<std::size_t>(report_.block_size);
  const auto unit = static_cast<std::size_t>(suggestion.tokens);
  const std::vector<std::size_t>& documents = gathered_.lengths[unit];
  Tally& tally = gathered_.tally(ListFault::kLongerThanBlock);
  for (std::size_t n = block; n < documents.size(); ++n) tally.count += documents[n];
  for (const LongDocument& document : gathered_.longest) {
    if (document.lengths[unit] < block) continue;
    tally.examples.push_back(document.example);
    tally.examples.back().what = counted(document.lengths[unit], "token");
  }
  find(ListFault::kLongerThanBlock, Severity::kWarning,
       fmt::format("{} of {} tokens or more do{} not fit the suggested block of {}",
                   counted(tally.count, "document"), block, tally.count == 1 ? "es" : "", block),
       fmt::format("the model never sees how they end; shorten them or take them out, or train "
                   "with --block-size {}, which is slower",
                   documents.size()));
}

// Far beyond the usual length, and beyond what the longest twentieth has.
void ReportMaker::find_outliers() {
  const std::size_t limit = std::max(4 * report_.median_length, 2 * report_.length_95);
  Tally& outliers = gathered_.tally(ListFault::kOutlier);
  const std::vector<std::size_t>& documents = gathered_.lengths[0];
  for (std::size_t n = limit + 1; n < documents.size(); ++n) outliers.count += documents[n];
  for (const LongDocument& document : gathered_.longest) {
    if (document.code_points() <= limit) break;
    outliers.examples.push_back(document.example);
    outliers.examples.back().what = counted(document.code_points(), "code point");
  }
  find(
      ListFault::kOutlier, Severity::kNote,
      fmt::format("{} much longer than the rest: half have at most {} code points, 95 % at most {}",
                  counted(outliers.count, "document"), grouped(report_.median_length),
                  grouped(report_.length_95)),
      "are these lines documents? A block has to be as long as the longest");
}

void ReportMaker::find_texts() {
  constexpr double kMany = 0.1;  // above it a model learns what is repeated before all else
  const std::size_t surplus = count(ListFault::kDuplicate);
  const double share = static_cast<double>(surplus) / static_cast<double>(report_.documents);
  find(ListFault::kDuplicate, share > kMany ? Severity::kWarning : Severity::kNote,
       fmt::format("{}{} that stand{} there before ({} of all)",
                   report_.sampling > 0 ? "about " : "", counted(surplus, "document"),
                   surplus == 1 ? "s" : "", percent(share)),
       "right if how often a document comes means something; else --fix with --drop-duplicates");
  if (report_.leak > 0) gathered_.tally(ListFault::kLeak).count = surplus;
  find(ListFault::kLeak, Severity::kNote,
       fmt::format("{} of a validation set of every tenth line, drawn at random, would be in "
                   "the training set, too",
                   percent(report_.leak)),
       "to measure what a model has learned, split the list without its duplicates");
  find(ListFault::kNearDuplicate, Severity::kNote,
       fmt::format("{}{} different from another one only in case, accents, spaces or punctuation",
                   report_.sampling > 0 ? "about " : "", counted(similar_, "document")),
       "where they mean the same, choose one way of writing");
  for (Finding& finding : report_.findings) {
    const bool of_texts = finding.fault == ListFault::kDuplicate ||
                          finding.fault == ListFault::kLeak ||
                          finding.fault == ListFault::kNearDuplicate;
    finding.estimated = of_texts && report_.sampling > 0;
  }
}

void ReportMaker::find_rare_letters() {
  std::vector<std::pair<char32_t, const Character*>> rare;
  gathered_.scanner.characters().for_each([&](char32_t c, const Character& character) {
    const bool is_told = character.oddity != Oddity::kNone;
    if (character.count <= 2 && !is_told) rare.emplace_back(c, &character);
  });
  std::ranges::stable_sort(rare, {}, [](const auto& entry) { return entry.second->count; });
  Tally& tally = gathered_.tally(ListFault::kRareLetter);
  tally.count = rare.size();
  for (const auto& [c, character] : rare) {
    if (tally.examples.size() == gathered_.config.max_examples) break;
    const auto [first, second] = character->first_lines;
    const std::string number = fmt::format("U+{:04X}", static_cast<std::uint32_t>(c));
    const std::string shown = describe_code_point(c);
    FaultExample& example = tally.examples.emplace_back();
    example.line = first;
    example.what = fmt::format("{}{}", shown, shown == number ? "" : " " + number) +
                   (second > first ? fmt::format(", and on line {}", second) : "");
  }
  find(ListFault::kRareLetter, Severity::kNote,
       fmt::format("{} that come{} only once or twice", counted(rare.size(), "character"),
                   rare.size() == 1 ? "s" : ""),
       "too seldom to be learned; each makes the model larger all the same");
}

void ReportMaker::find_lines() {
  find(ListFault::kOuterSpace, Severity::kNote,
       fmt::format("{} with white space at an end", counted(count(ListFault::kOuterSpace), "line")),
       "training cuts it off");
  find(ListFault::kEmptyLine, Severity::kNote, counted(count(ListFault::kEmptyLine), "empty line"),
       "training passes over them");
  const auto ends = [&](LineEnd end) { return gathered_.ends[static_cast<std::size_t>(end)]; };
  const std::size_t both = ends(LineEnd::kReturnLineFeed), returns = ends(LineEnd::kReturn);
  gathered_.tally(ListFault::kLineEnds).count = both + returns;
  find(ListFault::kLineEnds, Severity::kNote,
       fmt::format("lines end in {}: {} with \\n, {} with \\r\\n, {} with \\r",
                   (both > 0) + (returns > 0) + (ends(LineEnd::kLineFeed) > 0) > 1
                       ? "different ways"
                       : "another way than \\n",
                   grouped(ends(LineEnd::kLineFeed)), grouped(both), grouped(returns)),
       "training takes all of them");
  gathered_.tally(ListFault::kNoFinalNewline).count = ends(LineEnd::kNone);
  find(ListFault::kNoFinalNewline, Severity::kNote, "the last line has no end",
       "training does not need it; what is added to the file would go on that line");
}

}  // namespace

ListReport make_report(Gathered& gathered) { return ReportMaker(gathered).make(); }

}  // namespace microgpt::check
