// Faults are found where they were planted, and nowhere else.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "check/check_test.h"
#include "check/test_lists.h"
#include "microgpt/dataset.h"
#include "support/message_of.h"

namespace microgpt {
namespace {

using Findings = std::vector<std::string>;
using namespace std::string_literals;

TEST(ListChecker, AGoodListHasNoFindings) {
  EXPECT_EQ(findings_of(check_text("anna\nbob\ncarla maria\n")), Findings());
}

struct Planted {
  const char* name;
  std::string text;
  Findings findings;
};

class PlantedFault : public testing::TestWithParam<Planted> {};

TEST_P(PlantedFault, IsFoundAtItsPlace) {
  EXPECT_EQ(findings_of(check_text(GetParam().text)), GetParam().findings);
}

const Planted kPlanted[] = {
    {"Utf16", "\xFF\xFE"s + "a\0n\0n\0a\0\n\0"s, {"encoding error 1"}},
    {"Utf16WithoutMark", "a\0n\0n\0a\0\n\0b\0o\0b\0\n\0"s, {"encoding error 1"}},
    {"Utf32", "\xFF\xFE\0\0a\0\0\0"s, {"encoding error 1"}},
    {"Binary", "\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0\1\0\0\0\1\0"s, {"encoding error 1"}},
    {"Gzip", "\x1F\x8B\x08\0\0"s, {"encoding error 1"}},
    {"BinaryWithFewNuls", "\x8B\x02\xFF\x01\x06\x13k\x07\x0E\x19\x1D\x02zz"s, {"encoding error 1"}},
    {"Nul", "anna\nbo\0b\n"s, {"nul error 1 2:3"}},
    {"InvalidByte", "anna\n b\xE9 zoe\n", {"invalid-utf8 error 1 2:3", "outer-space note 1 2:0"}},
    {"CutCharacter", "anna\nzo\xC3\n", {"invalid-utf8 error 1 2:3"}},
    {"Empty", "", {"no-documents error 1"}},
    {"OnlySpaces", " \n\t\n", {"no-documents error 1", "empty-line note 2 1:0 2:0"}},
    {"ByteOrderMark", "\xEF\xBB\xBF"s + "anna\nbob\n", {"byte-order-mark warning 1 1:1"}},
    {"Replacement", "anna\nzo\uFFFD\n", {"replacement warning 1 2:3"}},
    {"MojibakeOfALetter", "anna\nzo\u00C3\u00AB\n", {"mojibake warning 1 2:3"}},
    {"MojibakeOfAQuote", "anna\nd\u00E2\u20AC\u2122or\n", {"mojibake warning 1 2:2"}},
    {"Control", "anna\nb\x01o\x1B[1m\x7F.\n", {"control-character warning 3 2:2 2:4 2:8"}},
    {"MojibakeInCyrillic", "anna\n\u00D0\u009C\u00D1\u0085\n", {"mojibake warning 2 2:1 2:5"}},
    {"C1Control", "anna\nb\u0091b\n", {"control-character warning 1 2:2"}},
    {"ZeroWidthSpace", "anna\nb\u200Bob\n", {"invisible warning 1 2:2"}},
    {"SoftHyphen", "anna\nb\u00ADob\n", {"invisible warning 1 2:2"}},
    {"BidiOverride", "anna\nbob\u202E\n", {"invisible warning 1 2:4"}},
    {"RightToLeftMark", "\u05D0\u05D1\u200F\n\u05D2\n", {"invisible warning 1 1:5"}},
    {"MarkWithin", "anna\nbo\uFEFFb\n", {"invisible warning 1 2:3"}},
    {"JoinerInLatin", "anna\nb\u200Dob\u200C\n", {"invisible warning 2 2:2 2:7"}},
    {"JoinerAfterEmojiAlone", "\U0001F468\u200D\nbob\n", {"invisible warning 1 1:5"}},
    {"SelectorAfterALetter", "anna\nb\uFE0Fob\n", {"invisible warning 1 2:2"}},
    {"TagWithoutFlag", "anna\nb\U000E0067ob\n", {"invisible warning 1 2:2"}},
    {"HangulFiller", "anna\n\u3164\n", {"invisible warning 1 2:1"}},
    {"NoBreakSpace", "anna\nb\u00A0ob\n", {"odd-space warning 1 2:2"}},
    {"Tab", "anna\nbob\t12\n", {"odd-space warning 1 2:4"}},
    {"LineSeparator", "anna\nb\u2028ob\n", {"odd-space warning 1 2:2"}},
    {"WideSpaceInLatin", "anna\nb\u3000ob\n", {"odd-space warning 1 2:2"}},
    {"Decomposed", "anna\nzoe\u0308\n", {"not-nfc warning 1 2:0"}},
    {"KelvinSign", "anna\nbob\n5 \u212A\n", {"not-nfc warning 1 3:0"}},
    {"MarksOutOfOrder", "q\u0307\u0323\nbob\n", {"not-nfc warning 1 1:0"}},
    {"CyrillicAmongLatin", "anna\nbob c\u0430rl\u0430\n", {"mixed-scripts warning 1 2:6"}},
    {"LatinAmongGreek", "\u03B1\u03BB\u03C6a\nbob\n", {"mixed-scripts warning 1 1:7"}},
    {"ManyDuplicates", "anna\nbob\nanna\nanna\n", {"duplicate warning 2 3:0 4:0", "leak note 2"}},
    {"NearDuplicates",
     "Jos\u00E9 Mar\u00EDa\njose-maria\nanna\nJOSE MARIA\n",
     {"near-duplicate note 2 2:0 4:0"}},
    {"OuterSpace", "anna\nbob \n\tcarla\n", {"outer-space note 2 2:0 3:0"}},
    {"EmptyLine", "anna\n\nbob\n \n", {"empty-line note 2 2:0 4:0"}},
    {"ReturnLineFeed", "anna\r\nbob\r\n", {"line-ends note 2"}},
    {"MixedLineEnds", "anna\nbob\r\ncarla\rdan\n", {"line-ends note 2"}},
    {"NoFinalNewline", "anna\nbob", {"no-final-newline note 1"}},
    {"FinalReturn", "anna\nbob\r", {"line-ends note 1"}},
    {"Outlier", "a\nb\nc\nd\ne\nf\ng\nh\nabcdefghi\ni\n", {"outlier note 1 9:0"}},
};

INSTANTIATE_TEST_SUITE_P(Each, PlantedFault, testing::ValuesIn(kPlanted),
                         [](const auto& planted) { return std::string(planted.param.name); });

TEST(ListChecker, TheBlockIsTheSuggestedOneUnlessOneIsGiven) {
  const std::string text = "anna\nabcdefghijklmno\nabcdefghijklmnop\n";
  EXPECT_EQ(findings_of(check_text(text)), Findings());
  EXPECT_EQ(check_text(text).block_size, 17);
  EXPECT_EQ(findings_of(check_text(text, {.block_size = 16})),
            Findings{"longer-than-block warning 1 3:0"});
  // In the tokens that are suggested, of which each has two of these code points.
  std::string syllables;
  for (int i = 0; i < 200; ++i) {
    for (int k = 0; k < 20; ++k) syllables += "\u0915\u093F";
    syllables += '\n';
  }
  EXPECT_EQ(check_text(syllables).block_size, 21);
  EXPECT_EQ(check_text(syllables).find(ListFault::kLongerThanBlock), nullptr);
  std::string huge;
  for (int i = 0; i < 3; ++i) huge += std::string(400, 'x') + std::to_string(i) + "\n";
  EXPECT_EQ(findings_of(check_text(huge)), (Findings{"longer-than-block warning 3 1:0 2:0 3:0"}));
}

// Everything that an honest list of this kind has belongs where it stands.
TEST(ListChecker, RaisesNoFalseAlarm) {
  for (const TestList& list : kHonestLists) {
    EXPECT_EQ(findings_of(check_text(list.text, {.block_size = 64})), Findings()) << list.name;
  }
}

TEST(ListChecker, CountsInvisibleCharactersThatBelong) {
  EXPECT_EQ(check_text(kPersian).joiners_in_place, 2u);
  EXPECT_EQ(check_text("anna\n").joiners_in_place, 0u);
}

TEST(ListChecker, RareLettersSayWhereTheyAre) {
  const ListReport report = check_text("ababab\nabqab\nabzab\nzaba\n");
  const Finding* const rare = report.find(ListFault::kRareLetter);
  ASSERT_NE(rare, nullptr);
  EXPECT_EQ(describe(*rare), "rare-letter note 2 2:0 3:0");
  EXPECT_EQ(rare->examples[0].what, "'q' U+0071");
  EXPECT_EQ(rare->examples[1].what, "'z' U+007A, and on line 4");
}

TEST(ListChecker, Latin1IsNamedAndRead) {
  const std::string text = "zo\xEB\nren\xE9\n";
  const ListReport wrong = check_text(text);
  EXPECT_NE(wrong.find(ListFault::kInvalidUtf8)->message.find("looks like Latin-1"),
            std::string::npos);
  const ListReport right = check_text(text, {.encoding = Encoding::kLatin1});
  EXPECT_EQ(findings_of(right), Findings());
  EXPECT_EQ(right.unit(TokenKind::kCodepoint).total, 7u);
  // UTF-8 that is taken for Latin-1 shows.
  EXPECT_NE(check_text("zo\u00EB\n", {.encoding = Encoding::kLatin1}).find(ListFault::kMojibake),
            nullptr);
}

TEST(ListChecker, PlacesAreThoseOfTheFile) {
  const ListReport report = check_text("ann\xE9\tb\n", {.encoding = Encoding::kLatin1});
  EXPECT_EQ(describe(*report.find(ListFault::kOddSpace)), "odd-space warning 1 1:5");
}

TEST(ListChecker, Windows1252IsNamed) {
  const Finding finding = *check_text("d\x92or\nzo\xEB\n").find(ListFault::kInvalidUtf8);
  EXPECT_NE(finding.message.find("looks like Windows-1252"), std::string::npos);
}

TEST(ListChecker, TextsThatAreCutSayIt) {
  const auto example = [](const std::string& document) {
    return check_text(document + " \n").find(ListFault::kOuterSpace)->examples.at(0);
  };
  EXPECT_EQ(example(std::string(60, 'x')).is_cut, false);
  EXPECT_EQ(example(std::string(61, 'x')).is_cut, true);
  EXPECT_EQ(example(std::string(61, 'x')).text, std::string(60, 'x'));
}

// docs/check.md has a row for each fault and for nothing else.
TEST(ListChecker, DocumentsNameEachFault) {
  std::ifstream file(MICROGPT_SOURCE_DIR "/docs/check.md");
  Findings documented, faults;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("| fault |")) {
      std::getline(file, line);  // the rule below the heads of the columns
      while (std::getline(file, line) && line.starts_with("| `")) {
        documented.push_back(line.substr(3, line.find('`', 3) - 3));
      }
    }
  }
  for (std::size_t i = 0; i < kNumFaults; ++i) faults.emplace_back(to_string(ListFault(i)));
  EXPECT_EQ(documented, faults);
}

TEST(ListChecker, UnitsAndLengths) {
  const ListReport report = check_text("ab\n\u0915\u093F\nab\u00E9\na\n");
  EXPECT_EQ(report.documents, 4u);
  EXPECT_EQ(report.distinct, 4u);
  const auto expect_unit = [&](TokenKind unit, std::size_t different, std::size_t total,
                               std::size_t longest) {
    EXPECT_EQ(report.unit(unit).different, different) << to_string(unit);
    EXPECT_EQ(report.unit(unit).total, total) << to_string(unit);
    EXPECT_EQ(report.unit(unit).longest, longest) << to_string(unit);
  };
  expect_unit(TokenKind::kCodepoint, 5, 8, 3);
  expect_unit(TokenKind::kGrapheme, 4, 7, 3);
  expect_unit(TokenKind::kByte, 8, 13, 6);
  EXPECT_EQ(report.median_length, 2u);
  const std::vector<std::pair<std::string, std::size_t>> scripts = {{"Latin", 6},
                                                                    {"Devanagari", 1}};
  EXPECT_EQ(report.scripts, scripts);
}

TEST(ListChecker, ALongLineIsNotKept) {
  const std::string text = "anna\n" + std::string(3 * kLongestLine, 'x') + "\nbob\n";
  const ListReport report = check_text(text);
  ASSERT_NE(report.find(ListFault::kHugeLine), nullptr);
  EXPECT_EQ(describe(*report.find(ListFault::kHugeLine)), "huge-line error 1 2:0");
  EXPECT_EQ(report.documents, 3u);
  EXPECT_EQ(report.unit(TokenKind::kCodepoint).longest, kLongestLine);
  // A character that is cut at the limit is no invalid one.
  std::string cut(kLongestLine - 1, 'x');
  for (int i = 0; i < 3; ++i) cut += "\u20AC";
  EXPECT_EQ(check_text(cut + "\n").find(ListFault::kInvalidUtf8), nullptr);
}

TEST(ListChecker, ExamplesAreFewUnlessAskedFor) {
  std::string text = "abcdefghijklmn\nabcdefghijklmno\nabcdefghijklm\n";
  for (int i = 0; i < 60; ++i) text += "a \n";
  ListChecker checker({.max_examples = 2});
  checker.add(text);
  const ListReport report = checker.finish();
  EXPECT_EQ(describe(*report.find(ListFault::kOuterSpace)), "outer-space note 60 4:0 5:0");
  EXPECT_EQ(describe(*report.find(ListFault::kOutlier)), "outlier note 3 2:0 1:0");
}

// A text of every kind of trouble, at random.
std::string random_text(std::mt19937& random) {
  static const std::vector<std::string> kParts = {"a",          "b",
                                                  "anna",       " ",
                                                  "\n",         "\r",
                                                  "\r\n",       "\t",
                                                  "\u00A0",     "\u3000",
                                                  "\u200D",     "\u200B",
                                                  "e\u0301",    "\u00E9",
                                                  "\u0430",     "\u0915\u093F",
                                                  "\U0001F468", "\uFE0F",
                                                  "\uFEFF",     "\x01",
                                                  "\0"s,        "\u1100\u1161",
                                                  "\uAC00",     "\u0323",
                                                  "\u0307",     "\u2126",
                                                  "\u00AD",     "\uFFFD",
                                                  "\u00C3",     "\u00E0",
                                                  "\u0085",     "\u009C",
                                                  "\u20AC",     "\u00BB"};
  std::string text;
  const std::size_t size = random() % 40;
  for (std::size_t i = 0; i < size; ++i) text += kParts[random() % kParts.size()];
  return text;
}

TEST(ListChecker, BlocksDontMatter) {
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    std::string text = random_text(random);
    if (i % 3 == 0) text += "\xE9\n";
    const Findings whole = findings_of(check_text(text));
    CheckConfig config;
    config.max_examples = 1000;
    ListChecker checker(config);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = 1 + random() % 5;
      checker.add(std::string_view(text).substr(at, size));
      at += size;
    }
    EXPECT_EQ(findings_of(checker.finish()), whole) << text;
  }
}

TEST(ListChecker, DocumentsAreThoseOfTraining) {
  std::mt19937 random(2);
  for (int i = 0; i < 300; ++i) {
    std::string text = random_text(random);
    std::erase(text, '\0');
    const ListReport report = check_text(text);
    std::size_t documents = 0, letters = 0;
    if (report.documents > 0) {
      const std::string without_mark = text.starts_with("\uFEFF") ? text.substr(3) : text;
      const Dataset dataset(without_mark, "test");
      documents = dataset.size();
      const Tokenizer tokenizer = Tokenizer::from_dataset(dataset, Edition::kFinal);
      for (std::size_t k = 0; k < documents; ++k) letters += tokenizer.count_tokens(dataset[k]);
    }
    EXPECT_EQ(report.documents, documents) << text;
    // White space that is a part of mojibake is kept, so that it can be undone.
    if (report.find(ListFault::kMojibake) != nullptr) continue;
    EXPECT_EQ(report.unit(TokenKind::kCodepoint).total, letters) << text;
  }
}

// What a fixer writes is a list without what it takes away, and says the same to fix again.
TEST(ListFixer, LeavesNothingToFix) {
  std::mt19937 random(3);
  for (int i = 0; i < 1000; ++i) {
    const std::string text = "anna\n" + random_text(random);
    const FixConfig config{.drop_duplicates = i % 2 == 0};
    const Fixed fixed = fix_text(text, config);
    for (const Finding& finding : check_text(fixed.text).findings) {
      const bool stays = finding.fault == ListFault::kDuplicate && !config.drop_duplicates;
      EXPECT_TRUE(!is_fixable(finding.fault) || stays) << to_string(finding.fault) << "\n"
                                                       << text << "\n"
                                                       << fixed.text;
    }
    const Fixed again = fix_text(fixed.text, config);
    EXPECT_EQ(again.text, fixed.text);
    EXPECT_EQ(again.changes, Findings());
  }
}

TEST(ListFixer, SaysWhatItChanged) {
  const Fixed fixed = fix_text("\uFEFF"s + "anna\r\n\nb\u200Bob\u00A0x \nzoe\u0308\nanna\nc\x01\t",
                               {.drop_duplicates = true});
  EXPECT_EQ(fixed.text, "anna\nbob x\nzo\u00EB\nc\n");
  const Findings expected = {"1: byte order mark removed",
                             "2: empty line removed",
                             "3: white space at the ends cut off",
                             "3: U+200B zero width space removed",
                             "3: U+00A0 no-break space made a plain space",
                             "4: letters composed (NFC)",
                             "5: removed, same as line 1",
                             "6: white space at the ends cut off",
                             "6: U+0001 removed",
                             "1: line end made \\n, on 2 lines in all"};
  EXPECT_EQ(fixed.changes, expected);
}

// What a program misread can still be read rightly.
TEST(ListFixer, MojibakeStaysAsItIs) {
  const std::string text =
      "\u00D0\u009C\u00D0\u00BE\n\u00E2\u0080\u0099\ncitt\u00C3\u00A0\nMar\u00C3\u00ADa\n";
  EXPECT_EQ(fix_text(text).text, text);
  EXPECT_EQ(fix_text(text).changes, Findings());
}

TEST(ListFixer, QuotesOfWindows1252BecomeQuotes) {
  const Fixed fixed = fix_text("d\x92or\nb\x81\n", {.encoding = Encoding::kLatin1});
  EXPECT_EQ(fixed.text, "d\u2019or\nb\n");
  EXPECT_EQ(fixed.changes,
            (Findings{"1: U+0092 made '\u2019', its byte in Windows-1252", "2: U+0081 removed"}));
}

TEST(ListFixer, HonestListsStayAsTheyAre) {
  for (const TestList& list : kHonestLists) {
    const Fixed fixed = fix_text(list.text, {.drop_duplicates = true});
    EXPECT_EQ(fixed.text, list.text) << list.name;
    EXPECT_EQ(fixed.changes, Findings()) << list.name;
  }
}

TEST(ListFixer, Latin1BecomesUtf8) {
  EXPECT_EQ(fix_text("zo\xEB\nren\xE9", {.encoding = Encoding::kLatin1}).text,
            "zo\u00EB\nren\u00E9\n");
}

TEST(ListFixer, RefusesWhatItCantMend) {
  const auto message = [](std::string_view text) { return message_of([&] { fix_text(text); }); };
  EXPECT_TRUE(message("anna\n zo\xEB\n").starts_with("line 2, byte 4: not UTF-8, expected UTF-8"));
  EXPECT_TRUE(message("\xFF\xFE"s + "a\0"s).starts_with("the file is UTF-16, little-endian"));
  EXPECT_TRUE(message(std::string(kLongestLine + 1, 'x')).starts_with("line 1: longer than"));
  EXPECT_TRUE(message(" \n\u200B\n").starts_with("no documents"));
}

TEST(CheckConfig, BlockSize) {
  EXPECT_TRUE(message_of([] { ListChecker checker({.block_size = 0}); }).starts_with("block_size"));
}

}  // namespace
}  // namespace microgpt
