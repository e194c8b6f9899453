// The book's sources: all of microgpt.py, once; what they name is there; no number is typed.
#include "microgpt/book.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
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

// Everything that microgpt.py gives a name to is explained somewhere.
TEST(Book, ExplainsEveryName) {
  if (!std::filesystem::exists(kMicrogptPy)) GTEST_SKIP() << kMicrogptPy << " is not there";
  std::set<std::string> explained = {"other", "i"};  // an operand, an index
  for_each_section([&](const BookSection& section) {
    explained.insert(section.names.begin(), section.names.end());
  });
  std::set<std::string> bound;
  for (const std::string& line : read_final_edition(kMicrogptPy)) bound.insert(bound_name(line));
  bound.erase("");
  EXPECT_GT(bound.size(), 70u);
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

// "0.5" and "1e-5" where they stand outside of placeholders.
std::vector<std::string> numbers_with_point(std::string text) {
  for (std::size_t open; (open = text.find("{{")) != std::string::npos;) {
    text.replace(open, text.find("}}", open) + 2 - open, " ");
  }
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::vector<std::string> numbers;
  for (auto at = text.begin(); (at = std::find_if(at, text.end(), is_digit)) != text.end();) {
    auto end = std::find_if_not(
        at, text.end(), [&](char c) { return is_digit(c) || c == '.' || c == 'e' || c == '-'; });
    std::string number(at, end);
    at = end;
    number.erase(number.find_last_of("0123456789") + 1);
    if (number.find_first_of(".e") != std::string::npos) numbers.push_back(number);
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
    for (const std::string& number : numbers_with_point(text)) {
      EXPECT_TRUE(constants.contains(number) || published.contains(number) ||
                  others.contains(number))
          << number;
    }
  };
  for (const BookChapter& chapter : book()) check(chapter.text);
  for_each_section([&](const BookSection& section) { check(section.text); });
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
            (std::vector<std::string>{"rmsnorm", "ms", "scale"}));
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
