// What a check is made of: hashes in bounded memory, the leak, scripts, normal forms.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/unicode.h"
#include "check/character.h"
#include "check/leak.h"
#include "check/line_scan.h"
#include "check/line_splitter.h"
#include "check/script.h"
#include "check/text_counter.h"
#include "check/text_form.h"
#include "support/python.h"

namespace microgpt::check {
namespace {

// The lines of a text that comes in blocks, each with its number and end.
std::string split_in_blocks(std::string_view text, std::size_t block) {
  std::string lines;
  LineSplitter splitter(Encoding::kUtf8, [&](const Line& line) {
    lines += fmt::format("{} '{}' {}\n", line.number, line.text, static_cast<int>(line.end));
  });
  for (std::size_t at = 0; at < text.size(); at += block) splitter.add(text.substr(at, block));
  splitter.finish();
  return lines;
}

TEST(LineSplitter, BlocksDontMatter) {
  EXPECT_EQ(split_in_blocks("a\nbc\r\nd\r\re", 100),
            "1 'a' 1\n2 'bc' 2\n3 'd' 3\n4 '' 3\n5 'e' 0\n");
  std::mt19937 random(4);
  for (int i = 0; i < 500; ++i) {
    std::string text;
    for (std::size_t k = random() % 12; k > 0; --k) text += "a\r\nb"[random() % 4];
    const std::string whole = split_in_blocks(text, 100);
    for (std::size_t block = 1; block < 5; ++block) {
      EXPECT_EQ(split_in_blocks(text, block), whole) << block;
    }
  }
}

TEST(HashText, DependsOnEachByteAndOnTheLength) {
  std::set<std::uint64_t> hashes;
  std::size_t texts = 0;
  for (std::size_t size = 0; size <= 40; ++size) {
    const std::string zeros(size, '\0');
    hashes.insert(hash_text(zeros));
    ++texts;
    for (std::size_t i = 0; i < size; ++i) {
      for (const char c : {'\x01', '\x80'}) {
        std::string text = zeros;
        text[i] = c;
        hashes.insert(hash_text(text));
        ++texts;
      }
    }
  }
  EXPECT_EQ(hashes.size(), texts);
}

TEST(HashText, BitsAreEven) {
  constexpr int kTexts = 20'000;
  std::array<int, 64> ones{};
  for (int i = 0; i < kTexts; ++i) {
    const std::uint64_t hash = hash_text(std::to_string(i));
    for (std::size_t bit = 0; bit < 64; ++bit) ones[bit] += static_cast<int>(hash >> bit & 1);
  }
  for (const int count : ones) EXPECT_NEAR(count, kTexts / 2, 5 * std::sqrt(kTexts) / 2);
}

// Against a map, while the table grows.
TEST(HashCounts, CountsExactlyWhileThereIsRoom) {
  std::mt19937_64 random(1);
  HashCounts counts(100'000);
  std::map<std::uint64_t, std::pair<std::uint32_t, std::uint32_t>> expected;
  for (std::uint64_t line = 1; line <= 200'000; ++line) {
    const std::uint64_t hash = hash_text(std::to_string(random() % 50'000));
    ++counts.find_or_add(hash, line)->times;
    ++expected.try_emplace(hash, 0, static_cast<std::uint32_t>(line)).first->second.first;
  }
  EXPECT_EQ(counts.sampling(), 0);
  EXPECT_EQ(counts.size(), expected.size());
  counts.for_each([&](const HashCounts::Entry& entry) {
    EXPECT_EQ(std::pair(entry.times, entry.first_line), expected.at(entry.hash));
  });
}

// What is left is the part of all hashes that it should be, with all that was counted.
TEST(HashCounts, KeepsAFairPartWhenFull) {
  HashCounts counts(1000);
  for (int round = 0; round < 3; ++round) {
    for (std::uint64_t i = 1; i <= 30'000; ++i) {
      auto* const entry = counts.find_or_add(hash_text(std::to_string(i)), i);
      if (entry != nullptr) ++entry->times;
    }
  }
  ASSERT_GT(counts.sampling(), 0);
  std::size_t expected = 0;
  for (std::uint64_t i = 1; i <= 30'000; ++i) {
    expected += hash_text(std::to_string(i)) >> (64 - counts.sampling()) == 0 ? 1u : 0u;
  }
  EXPECT_EQ(counts.size(), expected);
  EXPECT_LE(counts.size(), 1000u);
  counts.for_each([](const HashCounts::Entry& entry) { EXPECT_EQ(entry.times, 3u); });
}

TEST(TextCounter, TextsOfOneRestStayTogether) {
  TextCounter counter(2000);
  LineScanner scanner;
  constexpr std::uint64_t kNames = 20'000;
  std::uint64_t line = 0;
  for (std::uint64_t i = 0; i < kNames; ++i) {
    for (const std::string name : {"Name", "name", "Name"}) {
      const LineFacts& facts = scanner.scan(name + std::to_string(i), ++line);
      counter.add(facts.text_hash, facts.rest_hash, line);
    }
  }
  ASSERT_GT(counter.sampling(), 0);
  std::size_t twice = 0;
  counter.texts().for_each([&](const HashCounts::Entry& text) { twice += text.times == 2; });
  EXPECT_EQ(2 * twice, counter.texts().size());
  EXPECT_EQ(counter.similar(), twice);
  const double estimate = std::ldexp(static_cast<double>(twice), counter.sampling());
  EXPECT_NEAR(estimate, static_cast<double>(kNames), 5 * kNames / std::sqrt(twice));
}

// Over all sets of m documents out of n.
double leak_by_enumeration(const std::vector<int>& documents, int m) {
  const auto n = static_cast<int>(documents.size());
  double leaked = 0, sets = 0;
  for (unsigned set = 0; set < 1u << n; ++set) {
    if (std::popcount(set) != m) continue;
    ++sets;
    for (int i = 0; i < n; ++i) {
      if ((set >> i & 1) == 0) continue;
      bool in_training = false;
      for (int k = 0; k < n; ++k) {
        in_training =
            in_training || ((set >> k & 1) == 0 && documents[static_cast<std::size_t>(k)] ==
                                                       documents[static_cast<std::size_t>(i)]);
      }
      leaked += in_training;
    }
  }
  return leaked / sets / m;
}

TEST(ExpectedLeak, IsTheMeanOverAllSplits) {
  for (const std::vector<int>& documents : {std::vector{1, 1, 2, 3, 4, 5, 6, 7},
                                            {1, 1, 1, 1, 1, 2, 2, 3, 4},
                                            {1, 1, 1},
                                            {1, 2, 3, 4}}) {
    Multiplicities multiplicities;
    for (const int text : std::set(documents.begin(), documents.end())) {
      ++multiplicities[static_cast<std::uint64_t>(std::ranges::count(documents, text))];
    }
    for (std::size_t m = 1; m <= documents.size(); ++m) {
      EXPECT_NEAR(expected_leak(multiplicities, documents.size(), m, documents.size()),
                  leak_by_enumeration(documents, static_cast<int>(m)), 1e-12)
          << documents.size() << " " << m;
    }
  }
}

// Python knows no scripts, but the names of letters begin with them.
TEST(Script, LettersAreNamedAfterTheirs) {
  MICROGPT_RUN_PYTHON(names, R"(
import unicodedata
for c in range(0x30000):
    if unicodedata.category(chr(c))[0] == "L":
        name = unicodedata.name(chr(c), "")
        if name: print(f"{c:X}", name)
)");
  std::istringstream lines(names);
  std::size_t letters = 0, named = 0;
  for (std::string line; std::getline(lines, line);) {
    const Script script = script_of(static_cast<char32_t>(std::stoul(line, nullptr, 16)));
    std::string name = line.substr(line.find(' ') + 1) + " ";
    std::string expected(to_string(script));
    std::ranges::transform(expected, expected.begin(),
                           [](char c) { return static_cast<char>(std::toupper(c)); });
    if (expected == "HAN") expected = "CJK";
    const bool begins_so = name.find(expected + " ") != std::string::npos;
    if (script != Script::kOther) {
      ++letters;
      named += begins_so ? 1 : 0;
      continue;
    }
    for (const char* other :
         {"LATIN SMALL LETTER", "GREEK SMALL LETTER", "CYRILLIC SMALL", "ARMENIAN SMALL",
          "HEBREW LETTER", "DEVANAGARI LETTER", "HANGUL SYL"}) {
      EXPECT_FALSE(name.starts_with(other)) << line;
    }
  }
  EXPECT_GT(letters, 100'000u - 100'000u / 5);
  // All but old forms of kana, and some signs that are Latin or Greek by another name.
  EXPECT_LT(letters - named, 500u);
}

// A text that the quick check takes for NFC is NFC, and NFC is Python's.
TEST(NormalForm, QuickCheckPassesOnlyNfc) {
  const std::vector<char32_t> pool = {
      U'a',   U'e',   U'q',   0x00E9, 0x0300,  0x0301,  0x0307, 0x0308, 0x0323, 0x0327, 0x0338,
      0x0345, 0x0344, 0x0340, 0x037E, 0x03B1,  0x0390,  0x0627, 0x0653, 0x0654, 0x064E, 0x0651,
      0x0915, 0x093C, 0x0929, 0x0958, 0x09C7,  0x09BE,  0x09CB, 0x0B92, 0x0BD7, 0x0DD9, 0x0DCA,
      0x0DCF, 0x1100, 0x1161, 0x11A8, 0xAC00,  0xAC01,  0x1E69, 0x1E0B, 0x2126, 0x212B, 0x304B,
      0x3099, 0x304C, 0xF900, 0xFB1D, 0x110BA, 0x1109A, 0x05D0, 0x05B7, 0x05BC, 0x94D};
  std::mt19937 random(5);
  LineScanner scanner;
  std::vector<std::string> texts;
  std::string script = "import unicodedata\n";
  for (int i = 0; i < 5000; ++i) {
    std::string text;
    std::string codes;
    for (std::size_t k = 1 + random() % 5; k > 0; --k) {
      const char32_t c = pool[random() % pool.size()];
      append_utf8(text, c);
      codes += fmt::format("{},", static_cast<std::uint32_t>(c));
    }
    EXPECT_TRUE(scanner.scan(text, 1).may_be_no_nfc || to_nfc(text) == text) << codes;
    texts.push_back(text);
    script +=
        fmt::format("t=''.join(map(chr,[{}])); print(unicodedata.normalize('NFC',t))\n", codes);
  }
  MICROGPT_RUN_PYTHON(output, script);
  std::string ours;
  for (const std::string& text : texts) ours += to_nfc(text) + "\n";
  EXPECT_EQ(output, ours);
}

TEST(NormalForm, SecondHalvesAreThoseOfAllCompositions) {
  MICROGPT_RUN_PYTHON(output, R"(
import unicodedata
halves = set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))
for c in range(0x110000):
    parts = unicodedata.decomposition(chr(c)).split()
    if len(parts) == 2 and parts[0][0] != "<" and unicodedata.normalize("NFC", chr(c)) == chr(c):
        halves.add(int(parts[1], 16))
if unicodedata.unidata_version <= "14.0.0":
    for c in sorted(halves): print(f"{c:X}")
)");
  if (output.empty()) GTEST_SKIP() << "this Python knows a newer Unicode";
  std::string ours;
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (is_composed_with_former(c)) ours += fmt::format("{:X}\n", static_cast<std::uint32_t>(c));
  }
  EXPECT_EQ(ours, output);
}

}  // namespace
}  // namespace microgpt::check
