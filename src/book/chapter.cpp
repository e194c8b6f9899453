// Chapters: from their sources, and filled in.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <sstream>
#include <utility>

#include "base/file.h"
#include "base/similar.h"
#include "book/markdown.h"
#include "microgpt/book.h"
#include "microgpt/error.h"

namespace microgpt {
namespace {

constexpr int kLastLine = 200;  // of microgpt.py
constexpr std::size_t kColumns = 100;
constexpr char kReadMe[] = "README.md";
constexpr char kBookTitle[] = "# microgpt.py, line by line\n";
constexpr std::size_t kMaxReadMe = 1 << 20;  // bytes

// Reads a chapter's source line by line.
class ChapterReader {
 public:
  ChapterReader(const std::string& file, std::string_view markdown)
      : file_(file), stream_(std::string(markdown)) {
    next();
  }

  BookChapter read() {
    BookChapter chapter{
        .file = file_, .title = take("# "), .text = {}, .text_line = 0, .sections = {}};
    take_text(chapter.text, chapter.text_line);
    while (has_line_) chapter.sections.push_back(section());
    if (chapter.sections.empty()) fail("a section, \"## TITLE\"");
    return chapter;
  }

 private:
  void next() {
    has_line_ = static_cast<bool>(std::getline(stream_, line_));
    ++number_;
  }

  [[noreturn]] void fail(const std::string& expected) const {
    throw Error(fmt::format("{}:{}: expected {}, got {}", file_, number_, expected,
                            has_line_ ? "'" + line_ + "'" : "the end"));
  }

  // What follows the key at the beginning of this line.
  std::string take(const std::string& key) {
    if (!has_line_ || !line_.starts_with(key)) fail(fmt::format("'{}...'", key));
    std::string value = line_.substr(key.size());
    next();
    return value;
  }

  // Up to the next section, without empty lines around it.
  void take_text(std::string& text, int& text_line) {
    while (has_line_ && line_.empty()) next();
    text_line = number_;
    for (; has_line_ && !line_.starts_with("## "); next()) text += line_ + "\n";
    if (text.empty()) fail("text");
    text.erase(text.find_last_not_of('\n') + 1);
  }

  void take_lines(BookSection& section) {
    const int at = number_;
    const std::string range = take("lines: ");
    const char* const end = range.data() + range.size();
    const auto [dash, error] = std::from_chars(range.data(), end, section.first_line);
    const bool has_dash = error == std::errc() && dash != end && *dash == '-';
    const auto [stop, error_after] =
        std::from_chars(has_dash ? dash + 1 : dash, end, section.last_line);
    if (!has_dash || error_after != std::errc() || stop != end || section.first_line < 1 ||
        section.last_line < section.first_line || section.last_line > kLastLine) {
      throw Error(fmt::format("{}:{}: expected 'lines: FIRST-LAST' within 1 to {}, got '{}'", file_,
                              at, kLastLine, range));
    }
  }

  void take_code(BookSection& section) {
    std::istringstream places(take("code:"));
    for (std::string place; std::getline(places, place, ',');) {
      std::istringstream words(place);
      CodePlace code;
      std::string rest;
      if (!(words >> code.file >> code.name) || words >> rest) {
        throw Error(fmt::format("{}:{}: expected 'code: FILE NAME, ...', got '{}'", file_,
                                number_ - 1, place));
      }
      section.code.push_back(code);
    }
  }

  BookSection section() {
    BookSection section{.title = take("## "), .names = {}, .code = {}, .text = {}};
    take_lines(section);
    std::istringstream names(take("names:"));
    for (std::string name; names >> name;) section.names.push_back(name);
    take_code(section);
    take_text(section.text, section.text_line);
    return section;
  }

  std::string file_;
  std::istringstream stream_;
  std::string line_;
  int number_ = 0;
  bool has_line_ = false;
};

std::string lines_of(int first, int last) {
  return first == last ? fmt::format("line {}", first) : fmt::format("lines {}-{}", first, last);
}

std::string lines_of(const BookSection& section) {
  return lines_of(section.first_line, section.last_line);
}

// "Lines 94-95 of microgpt.py: `linear`, `wo`. In this project: `linear` in `src/...`."
std::string introduce(const BookSection& section) {
  std::string text = lines_of(section) + " of microgpt.py";
  text[0] = 'L';
  if (!section.names.empty()) text += fmt::format(": `{}`", fmt::join(section.names, "`, `"));
  std::vector<std::string> places;
  for (const CodePlace& code : section.code) {
    places.push_back(fmt::format("`{}` in `{}`", code.name, code.file));
  }
  if (!places.empty()) text += fmt::format(". In this project: {}", fmt::join(places, ", "));
  return text + ".";
}

// "151-172, 184": the lines of all sections; a single line between two is an empty one.
std::string ranges_of(const BookChapter& chapter) {
  std::vector<std::string> ranges;
  int first = 0, last = 0;
  for (const BookSection& section : chapter.sections) {
    if (first == 0 || section.first_line > last + 2) {
      first = section.first_line;
      ranges.emplace_back();
    }
    last = section.last_line;
    ranges.back() = first == last ? std::to_string(first) : fmt::format("{}-{}", first, last);
  }
  return fmt::format("{}", fmt::join(ranges, ", "));
}

std::string link_to(const BookChapter& chapter) {
  return fmt::format("[{}]({})", chapter.title, chapter.file);
}

// The line at a chapter's end that leads to its neighbours.
std::string format_links(std::span<const BookChapter> book, std::size_t i) {
  std::string text = fmt::format("[Contents]({})", kReadMe);
  if (i > 0) text = "Before: " + link_to(book[i - 1]) + ". " + text;
  if (i + 1 < book.size()) text += ". Next: " + link_to(book[i + 1]);
  return text + ".\n";
}

std::string format_contents(std::span<const BookChapter> book) {
  std::string text =
      std::string(kBookTitle) +
      "\nWhat each of its 200 lines does, why it is there, which numbers it makes, and what large "
      "systems do in its place. `microgpt explain --book` makes these pages from their sources in "
      "`book/` and fills in the numbers, so a change belongs there.\n\n";
  std::map<std::string, std::vector<std::string>> index;
  for (const BookChapter& chapter : book) {
    text += fmt::format("- {}: lines {}\n", link_to(chapter), ranges_of(chapter));
    for (const BookSection& section : chapter.sections) {
      for (const std::string& name : section.names) {
        auto& chapters = index[name];
        if (chapters.empty() || chapters.back() != link_to(chapter)) {
          chapters.push_back(link_to(chapter));
        }
      }
    }
  }
  text += "\n## Names\n\n";
  for (const auto& [name, chapters] : index) {
    text += fmt::format("- `{}`: {}\n", name, fmt::join(chapters, ", "));
  }
  return wrap_markdown(text, kColumns);
}

bool is_about(const BookSection& section, int line) {
  return section.first_line <= line && line <= section.last_line;
}

bool is_about(const BookChapter& chapter, const BookSection& section, const std::string& name) {
  return chapter.name() == name || std::ranges::find(section.names, name) != section.names.end();
}

template <class Predicate>
std::vector<BookEntry> select(std::span<const BookChapter> book, Predicate holds) {
  std::vector<BookEntry> entries;
  for (const BookChapter& chapter : book) {
    for (const BookSection& section : chapter.sections) {
      if (holds(chapter, section)) entries.push_back({&chapter, &section});
    }
  }
  return entries;
}

std::vector<BookEntry> sections_about_line(std::span<const BookChapter> book, int line) {
  return select(book, [line](const BookChapter&, const BookSection& section) {
    return is_about(section, line);
  });
}

// "pos2.layer0" is the beginning of many numbers' names.
void refuse_part(const Trace& trace, const std::string& question) {
  std::vector<std::string> names;
  for (const Traced& traced : trace.traced) {
    if (traced.name.starts_with(question + ".")) names.push_back(traced.name);
  }
  if (names.empty()) return;
  throw Error(
      fmt::format("{}: expected one of its {} numbers and vectors, {} to {}; all together: "
                  "microgpt trace MODEL TEXT --at {}",
                  question, names.size(), names.front(), names.back(), question));
}

[[noreturn]] void throw_unknown(std::span<const BookChapter> book, const Trace& trace,
                                const std::string& question) {
  refuse_part(trace, question);
  std::vector<std::string> names;
  for (const BookChapter& chapter : book) {
    names.push_back(chapter.name());
    for (const BookSection& section : chapter.sections) {
      names.insert(names.end(), section.names.begin(), section.names.end());
    }
  }
  for (const Traced& traced : trace.traced) names.push_back(traced.name);
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  throw Error(
      fmt::format("the book explains no '{}', expected a line of microgpt.py, a name in "
                  "it, or a number of its step; similar: {}",
                  question, fmt::join(similar_names(question, names), ", ")));
}

Answer about_line(std::span<const BookChapter> book, const std::string& question) {
  int line = 0;
  const auto [end, error] =
      std::from_chars(question.data(), question.data() + question.size(), line);
  if (error != std::errc() || line < 1 || line > kLastLine) {
    throw Error(
        fmt::format("line {}: microgpt.py has none, expected 1 to {}", question, kLastLine));
  }
  Answer answer{.entries = sections_about_line(book, line)};
  if (answer.entries.empty()) throw Error(fmt::format("line {} of microgpt.py is empty", line));
  return answer;
}

}  // namespace

std::string BookChapter::name() const {
  const std::size_t dash = file.find('-') + 1;  // 0 where there is none
  return file.substr(dash, file.rfind('.') - dash);
}

BookChapter parse_chapter(const std::string& file, std::string_view markdown) {
  return ChapterReader(file, markdown).read();
}

Answer find_sections(std::span<const BookChapter> book, const BookNumbers& numbers,
                     const std::string& question) {
  if (!question.empty() && question.find_first_not_of("0123456789") == std::string::npos) {
    return about_line(book, question);
  }
  Answer answer{.entries =
                    select(book, [&](const BookChapter& chapter, const BookSection& section) {
                      return is_about(chapter, section, question);
                    })};
  const auto chapter = std::ranges::find(book, question, &BookChapter::name);
  if (chapter != book.end()) answer.chapter = &*chapter;
  const Trace& trace = numbers.trace();
  const std::string name = question.substr(0, question.find('['));
  const auto traced = std::ranges::find(trace.traced, name, &Traced::name);
  if (traced != trace.traced.end()) answer.traced = &*traced;
  if (!answer.entries.empty()) return answer;
  if (answer.traced == nullptr) throw_unknown(book, trace, question);
  if (name != question) find_element(trace, question);  // throws where there is none
  answer.entries = sections_about_line(book, traced->origin.python_line);
  return answer;
}

std::string format_section(const BookChapter& chapter, const BookSection& section,
                           const BookNumbers& numbers, std::size_t columns) {
  const std::string text = fmt::format("## {}\n\n{}\n\n{}\n", section.title, introduce(section),
                                       numbers.fill(section.text, chapter.file, section.text_line));
  return wrap_markdown(text, columns);
}

std::string format_introduction(const BookChapter& chapter, const BookNumbers& numbers,
                                std::size_t columns) {
  return wrap_markdown(fmt::format("# {}\n\n{}\n", chapter.title,
                                   numbers.fill(chapter.text, chapter.file, chapter.text_line)),
                       columns);
}

std::string format_chapter(const BookChapter& chapter, const BookNumbers& numbers,
                           std::size_t columns) {
  std::string text = format_introduction(chapter, numbers, columns);
  for (const BookSection& section : chapter.sections) {
    text += "\n" + format_section(chapter, section, numbers, columns);
  }
  return text;
}

void write_book(const std::string& folder, std::span<const BookChapter> book,
                const BookNumbers& numbers, const std::string& remark) {
  const std::string read_me = folder + "/" + kReadMe;
  if (std::filesystem::exists(read_me) &&
      !read_file(read_me, read_me, kMaxReadMe).starts_with(kBookTitle)) {
    throw Error(read_me + ": expected none or the book's own, got another; name a new folder");
  }
  std::vector<std::pair<std::string, std::string>> files = {{kReadMe, format_contents(book)}};
  for (std::size_t i = 0; i < book.size(); ++i) {
    files.emplace_back(book[i].file,
                       format_chapter(book[i], numbers, kColumns) + "\n" + format_links(book, i));
  }
  if (!remark.empty()) {
    for (auto& [name, text] : files) {
      text.insert(text.find('\n') + 1, "\n" + wrap_markdown(remark, kColumns));
    }
  }
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw Error(fmt::format("{}: can't be made, {}", folder, error.message()));
  for (const auto& [name, text] : files) write_file_atomic(folder + "/" + name, text);
}

}  // namespace microgpt
