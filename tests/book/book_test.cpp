// The book's sources: all of microgpt.py, once; what they name is there; no number is typed.
#include "microgpt/book.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <numeric>
#include <set>
#include <sstream>

#include "support/message_of.h"
#include "support/temp_folder.h"

namespace microgpt {
namespace {

const std::string kRoot = MICROGPT_SOURCE_DIR;
const std::string kMicrogptPy = std::string(MICROGPT_SHARED_DIR) + "/oracle/microgpt.py";

// Lines of microgpt.py's final edition with nothing on them.
const std::set<int> kEmptyLines = {5,   8,   13,  22,  28,  32,  38,  42,  46,  58,  73,  91, 96,
                                   102, 107, 113, 142, 145, 150, 154, 159, 170, 173, 183, 185};

constexpr std::size_t kDescription = 7;  // lines in which the file speaks of itself

const std::vector<BookChapter>& book() {
  static const std::vector<BookChapter> kBook = [] {
    std::set<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(kRoot + "/book")) {
      files.insert(entry.path());
    }
    std::vector<BookChapter> chapters;
    for (const auto& file : files) {
      chapters.push_back(parse_chapter(file.filename(), get_file(file)));
    }
    return chapters;
  }();
  return kBook;
}

BookNumbers& numbers() {
  static BookNumbers numbers(get_file(kRoot + "/data/names.txt"));
  return numbers;
}

template <class F>
void for_each_section(F f) {
  for (const BookChapter& chapter : book()) {
    for (const BookSection& section : chapter.sections) {
      SCOPED_TRACE(chapter.file + ": " + section.title);
      f(section);
    }
  }
}

bool is_word_part(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

bool has_word(const std::string& text, const std::string& word) {
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !is_word_part(text[at - 1])) &&
        (end == text.size() || !is_word_part(text[end]))) {
      return true;
    }
  }
  return false;
}

TEST(Book, CoversEveryLineOnce) {
  std::map<int, int> sections;
  for_each_section([&](const BookSection& section) {
    for (int line = section.first_line; line <= section.last_line; ++line) ++sections[line];
    EXPECT_FALSE(kEmptyLines.contains(section.first_line)) << section.first_line;
    EXPECT_FALSE(kEmptyLines.contains(section.last_line)) << section.last_line;
  });
  for (int line = 1; line <= 200; ++line) {
    if (kEmptyLines.contains(line)) {
      EXPECT_LE(sections[line], 1) << "line " << line;
    } else {
      EXPECT_EQ(sections[line], 1) << "line " << line;
    }
  }
}

TEST(Book, NamesOccurInTheirLines) {
  if (!std::filesystem::exists(kMicrogptPy)) GTEST_SKIP() << kMicrogptPy << " is not there";
  const auto source = read_final_edition(kMicrogptPy);
  for_each_section([&](const BookSection& section) {
    std::string lines;
    for (int line = section.first_line; line <= section.last_line; ++line) {
      lines += source[static_cast<std::size_t>(line - 1)] + "\n";
      EXPECT_EQ(source[static_cast<std::size_t>(line - 1)].empty(), kEmptyLines.contains(line));
    }
    for (const std::string& name : section.names) EXPECT_TRUE(has_word(lines, name)) << name;
  });
}

// The first name that a line of Python binds, or "": in `def f(x):`, `for i in x:`, `a, b = c`.
std::string bound_name(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  bool is_statement = false;
  for (const std::string_view keyword : {"def ", "class ", "import ", "for "}) {
    if (!line.starts_with(keyword)) continue;
    line.remove_prefix(keyword.size());
    is_statement = true;
  }
  const auto end = std::find_if_not(line.begin(), line.end(), is_word_part);
  const std::string_view rest = line.substr(static_cast<std::size_t>(end - line.begin()));
  const bool binds = is_statement || rest.starts_with(" = ") || rest.starts_with(", ");
  return binds ? std::string(line.begin(), end) : "";
}

// Those that comprehensions and loops bind, `for a, b in x`, and those that are called, `f(x)`.
std::set<std::string> inner_names(const std::string& line) {
  std::set<std::string> names;
  const std::string code = line.substr(0, line.find(" # "));
  bool is_bound = false;
  for (std::size_t begin = 0, end; begin < code.size(); begin = std::max(end, begin + 1)) {
    for (end = begin; end < code.size() && is_word_part(code[end]);) ++end;
    const std::string word = code.substr(begin, end - begin);
    if (word == "for" || word == "in") {
      is_bound = word == "for";
    } else if (!word.empty() && (is_bound || (end < code.size() && code[end] == '('))) {
      names.insert(word);
    }
  }
  return names;
}

// Everything that microgpt.py gives a name to or calls is explained somewhere.
TEST(Book, ExplainsEveryName) {
  if (!std::filesystem::exists(kMicrogptPy)) GTEST_SKIP() << kMicrogptPy << " is not there";
  std::set<std::string> explained;
  for_each_section([&](const BookSection& section) {
    explained.insert(section.names.begin(), section.names.end());
  });
  std::set<std::string> bound;
  const auto source = read_final_edition(kMicrogptPy);
  for (std::size_t i = kDescription; i < source.size(); ++i) {
    if (source[i].starts_with('#')) continue;
    bound.insert(bound_name(source[i]));
    bound.merge(inner_names(source[i]));
  }
  bound.erase("");
  EXPECT_GT(bound.size(), 120u);
  for (const char* name : {"wi", "zip", "gauss", "ki", "_", "other"}) {
    EXPECT_TRUE(bound.contains(name)) << name;
  }
  for (const std::string& name : bound) EXPECT_TRUE(explained.contains(name)) << name;
}

TEST(Book, PointsAtWhatThereIs) {
  for_each_section([](const BookSection& section) {
    for (const CodePlace& code : section.code) {
      EXPECT_TRUE(has_word(get_file(kRoot + "/" + code.file), code.name))
          << code.file << " has no " << code.name;
    }
  });
}

TEST(Book, HasAllParts) {
  for_each_section([](const BookSection& section) {
    for (const char* part : {"**Why.**", "**In a step.**", "**In production.**"}) {
      EXPECT_NE(section.text.find(part), std::string::npos) << part;
    }
  });
}

// "0.5", "1e-5", "32,033" where they stand outside of placeholders.
std::vector<std::string> typed_numbers(std::string text) {
  for (std::size_t open; (open = text.find("{{")) != std::string::npos;) {
    text.replace(open, text.find("}}", open) + 2 - open, " ");
  }
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::vector<std::string> numbers;
  for (auto at = text.begin(); (at = std::find_if(at, text.end(), is_digit)) != text.end();) {
    auto end = std::find_if_not(
        at, text.end(), [&](char c) { return is_digit(c) || std::strchr(".,e-", c) != nullptr; });
    std::string number(at, end);
    at = end;
    number.erase(number.find_last_of("0123456789") + 1);
    numbers.push_back(number);
  }
  return numbers;
}

// Numbers of a step come from placeholders. What may stand there are constants of microgpt.py, the
// published figures of its run on names.txt, and facts of other models.
TEST(Book, TypesNoNumberOfAStep) {
  const std::set<std::string> constants = {"0.01", "0.08", "0.5", "0.85", "0.99", "1e-5"};
  const std::set<std::string> published = {"3.3660", "2.6497", "2.3233", "2.37"};
  const std::set<std::string> others = {"0.02", "0.9", "0.95", "66.4", "2.718"};
  const auto check = [&](const std::string& text) {
    for (const std::string& number : typed_numbers(text)) {
      if (number.find_first_of(".e") == std::string::npos) continue;
      EXPECT_TRUE(constants.contains(number) || published.contains(number) ||
                  others.contains(number))
          << number;
    }
  };
  for (const BookChapter& chapter : book()) check(chapter.text);
  for_each_section([&](const BookSection& section) { check(section.text); });
}

// What is said of a step between "In a step" and "In production": one digit is an index, the others
// are the seed, the last losses, steps, the length of a name, letters of the alphabet and lines.
TEST(Book, TypesNoWholeNumberOfAStep) {
  const std::set<std::string> known = {"42", "50", "500", "1,000",  "15",
                                       "16", "26", "200", "32,033", "29,494"};
  for_each_section([&](const BookSection& section) {
    const std::size_t begin = section.text.find("**In a step.**");
    const std::size_t end = section.text.find("**In production.**");
    for (const std::string& number : typed_numbers(section.text.substr(begin, end - begin))) {
      const bool is_whole = number.find_first_of(".e-") == std::string::npos;
      EXPECT_TRUE(!is_whole || number.size() == 1 || known.contains(number)) << number;
    }
  });
}

std::vector<double> losses_in(const std::string& file) {
  std::istringstream lines(get_file(file));
  std::vector<double> losses;
  for (double step, loss; lines >> step >> loss;) losses.push_back(loss);
  return losses;
}

double mean_of_last_50(const std::string& file) {
  const auto losses = losses_in(file);
  return std::accumulate(losses.end() - 50, losses.end(), 0.0) / 50;
}

// The figures of names.txt, which microgpt.py downloads, are those of the file and of its run.
TEST(Book, QuotesFiguresOfNamesTxtRightly) {
  const std::string shared = MICROGPT_SHARED_DIR, golden = shared + "/golden/ladder/";
  if (!std::filesystem::exists(golden)) GTEST_SKIP() << golden << " is not there";
  const auto losses = losses_in(golden + "train5.loss17.txt");
  ASSERT_EQ(losses.size(), 1000u);
  std::istringstream lines(get_file(shared + "/data/names.txt"));
  std::size_t count = 0;
  std::set<std::string> names;
  for (std::string name; std::getline(lines, name); ++count) names.insert(name);
  const auto grouped = [](std::size_t n) { return fmt::format("{},{:03}", n / 1000, n % 1000); };
  std::string text;
  for_each_section([&](const BookSection& section) { text += section.text; });
  for (const std::string& figure :
       {grouped(count), grouped(names.size()), fmt::format("{:.4f}", losses.front()),
        fmt::format("{:.4f}", losses.back()),
        fmt::format("{:.4f}", mean_of_last_50(golden + "train5.loss17.txt")),
        fmt::format("{:.2f}", mean_of_last_50(golden + "edition1.loss17.txt"))}) {
    EXPECT_TRUE(has_word(text, figure)) << figure;
  }
}

std::string parse_error(const std::string& markdown) {
  return message_of([&] { parse_chapter("a.md", markdown); });
}

TEST(BookChapter, SaysWhatIsWrong) {
  const std::string head = "# A\n\ntext\n\n";
  EXPECT_EQ(parse_error(""), "a.md:1: expected '# ...', got the end");
  EXPECT_EQ(parse_error("A\n"), "a.md:1: expected '# ...', got 'A'");
  EXPECT_EQ(parse_error("# A\n"), "a.md:2: expected text, got the end");
  EXPECT_EQ(parse_error("# A\n\ntext\n"), "a.md:4: expected a section, \"## TITLE\", got the end");
  EXPECT_EQ(parse_error(head + "## B\nnames: x\n"),
            "a.md:6: expected 'lines: ...', got 'names: x'");
  EXPECT_EQ(parse_error(head + "## B\nlines: 1-2\ncode:\n"),
            "a.md:7: expected 'names:...', got 'code:'");
  EXPECT_EQ(parse_error(head + "## B\nlines: 1-2\nnames: x\n"),
            "a.md:8: expected 'code:...', got the end");
  EXPECT_EQ(parse_error(head + "## B\nlines: 1-2\nnames: x\ncode: a.h\n\ntext"),
            "a.md:8: expected 'code: FILE NAME, ...', got ' a.h'");
  EXPECT_EQ(parse_error(head + "## B\nlines: 1-2\nnames: x\ncode: a.h f\n\n## C\n"),
            "a.md:10: expected text, got '## C'");
  for (const char* range : {"5", "5-", "-5", "6-5", "0-5", "1-201", "1-2-3", "a-b", "1 - 2"}) {
    EXPECT_EQ(
        parse_error(head + "## B\nlines: " + range + "\nnames: x\n"),
        std::string("a.md:6: expected 'lines: FIRST-LAST' within 1 to 200, got '") + range + "'");
  }
}

TEST(BookChapter, IsNamedByItsFile) {
  EXPECT_EQ(book().at(7).name(), "rmsnorm");
  EXPECT_EQ(book().at(7).sections.at(0).names,
            (std::vector<std::string>{"rmsnorm", "ms", "scale", "xi"}));
}

std::vector<std::string> titles(const std::string& question) {
  std::vector<std::string> titles;
  for (const BookEntry& entry : find_sections(book(), numbers(), question).entries) {
    titles.push_back(entry.section->title);
  }
  return titles;
}

TEST(FindSections, ByLineNamePartAndNumber) {
  using Titles = std::vector<std::string>;
  EXPECT_EQ(titles("105"), Titles{"A vector of standard size"});
  EXPECT_EQ(titles("ms"), Titles{"A vector of standard size"});
  EXPECT_EQ(titles("output"), Titles{"Scores for every token"});
  EXPECT_EQ(titles("relu"), (Titles{"Powers, logarithm, exponential, relu", "The bend"}));
  EXPECT_EQ(titles("attention").size(), 7u);
  EXPECT_EQ(titles("layer0.attn_wq"), Titles{"The table of parameters"});
  EXPECT_EQ(titles("pos2.layer0.q"), Titles{"Query, key and value"});
  EXPECT_EQ(titles("pos2.layer0.q[3]"), Titles{"Query, key and value"});
  EXPECT_EQ(titles("wte[14][0]"), Titles{"The table of parameters"});
  EXPECT_EQ(titles("adam.wte.m_hat"), Titles{"The update"});
}

// Every number of a step has a line that the book explains.
TEST(FindSections, OfEveryTracedNumber) {
  for (const Traced& traced : numbers().trace().traced) {
    EXPECT_EQ(
        find_sections(book(), numbers(), std::to_string(traced.origin.python_line)).entries.size(),
        1u)
        << traced.name;
  }
}

std::string find_error(const std::string& question) {
  return message_of([&] { find_sections(book(), numbers(), question); });
}

TEST(FindSections, SaysWhatIsWrong) {
  EXPECT_EQ(find_error("0"), "line 0: microgpt.py has none, expected 1 to 200");
  EXPECT_EQ(find_error("201"), "line 201: microgpt.py has none, expected 1 to 200");
  EXPECT_EQ(find_error("99999999999"), "line 99999999999: microgpt.py has none, expected 1 to 200");
  EXPECT_EQ(find_error("8"), "line 8 of microgpt.py is empty");
  EXPECT_EQ(find_error("rmsnrom"),
            "the book explains no 'rmsnrom', expected a line of microgpt.py, a name in it, or a "
            "number of its step; similar: rmsnorm, random, matrix");
  EXPECT_NE(find_error("pos2.layer0.qq").find("similar: pos2.layer0.q,"), std::string::npos);
  EXPECT_NE(find_error("").find("the book explains no ''"), std::string::npos);
  EXPECT_NE(find_error("pos2.layer0.q[16]").find("[0..15]"), std::string::npos);
}

TEST(WriteBook, WritesNothingIfAPlaceholderIsBad) {
  TempFolder folder;
  auto bad = book();
  bad.back().sections.back().text += "\n\n{{pos2.nothing|4}}";
  const std::string message = message_of([&] { write_book(folder / "a", bad, numbers()); });
  EXPECT_TRUE(message.starts_with("13-inference.md:")) << message;
  EXPECT_FALSE(std::filesystem::exists(folder / "a"));
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
  return text;
}

class FinalEdition : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kMicrogptPy)) GTEST_SKIP() << kMicrogptPy << " is not there";
  }

  std::string error(const std::string& text) {
    put_file(folder_ / "m.py", text);
    return message_of([&] { read_final_edition(folder_ / "m.py"); });
  }

  TempFolder folder_;
};

TEST_F(FinalEdition, WhateverItsLineEnds) {
  const std::string text = get_file(kMicrogptPy);
  EXPECT_EQ(error(text), "no error");
  EXPECT_EQ(error(text + "\n \n"), "no error");
  EXPECT_EQ(error(replaced(text, "\n", " \t\r\n")), "no error");
  EXPECT_EQ(read_final_edition(kMicrogptPy).size(), 200u);
}

TEST_F(FinalEdition, RefusesOthers) {
  const std::string text = get_file(kMicrogptPy);
  EXPECT_NE(error(" " + text).find("expected its 200 lines, got other ones"), std::string::npos);
  EXPECT_NE(error("\n" + text).find("got 201 lines"), std::string::npos);
  EXPECT_NE(error("").find("got 0 lines"), std::string::npos);
  EXPECT_NE(error(replaced(text, "0.85", "0.9")).find("other ones"), std::string::npos);
  EXPECT_NE(message_of([&] { read_final_edition(folder_ / "none"); }).find("none: "),
            std::string::npos);
}

}  // namespace
}  // namespace microgpt
