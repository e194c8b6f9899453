// The book: all of microgpt.py explained, with the numbers of a real step filled in.
//
// Its source is one Markdown file a chapter, with placeholders for numbers; docs/book-source.md
// describes both.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/checkpoint.h"
#include "microgpt/engine.h"
#include "microgpt/trace.h"

namespace microgpt {

// Something of this project that a section points to.
struct CodePlace {
  std::string file;  // "src/reference/gpt.h"
  std::string name;  // of a function or type in it
};

// Some lines of microgpt.py's final edition, and what there is to say about them.
struct BookSection {
  std::string title;
  int first_line = 0;  // of microgpt.py, as is last_line, which is included
  int last_line = 0;
  std::vector<std::string> names;  // functions, variables and parameters that it explains
  std::vector<CodePlace> code;
  std::string text;   // Markdown with placeholders
  int text_line = 0;  // in the chapter's file
};

struct BookChapter {
  std::string file;   // "07-rmsnorm.md"
  std::string title;  // "RMSNorm"
  std::string text;   // before the first section
  int text_line = 0;
  std::vector<BookSection> sections;

  // "rmsnorm": what a reader calls it.
  std::string name() const;
};

// Throws Error starting with "file:line: ": a title, a text or one of `lines:`, `names:` and
// `code:` is missing or is not as described.
BookChapter parse_chapter(const std::string& file, std::string_view markdown);

// What the toy model reads in the book.
inline constexpr char kToyText[] = "ab";

class BookSteps;

// Looks up what placeholders stand for. What that takes is computed when it is first asked for: a
// run of microgpt.py's final edition, and the traces of a few steps.
class BookNumbers {
 public:
  // documents: what the run learns from, one a line.
  explicit BookNumbers(std::string documents);
  BookNumbers(BookNumbers&&) noexcept;
  ~BookNumbers();

  // From now on the step that is followed is that of the run's untrained model on this text, and
  // "trained" reads it too. A placeholder that has no number in it is filled with "n/a".
  // Throws Error: the text has a letter that the model doesn't know, is empty or too long.
  void follow(const std::string& text);

  // The same with a model of one's own, from which no training is known: "trained" is "n/a".
  //   update: Adam's in this step, if any; where the model has moments it goes on from them.
  void follow(const Model& model, const std::optional<OptimizerStep>& update,
              const std::string& text);

  // The text with its placeholders filled in.
  //   file, line: where it begins, for messages.
  // Throws Error starting with "file:line: ": a placeholder is malformed or stands for nothing.
  std::string fill(std::string_view text, const std::string& file, int line) const;

  // What one placeholder stands for: "wte[0][0]|4". Throws Error.
  std::string evaluate(std::string_view placeholder) const;

  // The step that is followed.
  const Trace& trace() const;

 private:
  std::unique_ptr<BookSteps> steps_;
};

struct BookEntry {
  const BookChapter* chapter;
  const BookSection* section;
};

// What a reader asked for.
struct Answer {
  std::vector<BookEntry> entries;        // one or more, in the book's order
  const Traced* traced = nullptr;        // the numbers asked for, if the question was a path
  const BookChapter* chapter = nullptr;  // whose introduction belongs to it: it was asked for
};

// The sections about a line of microgpt.py ("94"), a chapter ("rmsnorm"), a name ("ms"), or a
// number of the step that is followed ("pos2.layer0.q[3]"); what is both a name and a number
// ("wte") is answered as both. Holds on to the book and the numbers.
// Throws Error: there is no such line, or it is empty; nothing has that name, with similar ones.
Answer find_sections(std::span<const BookChapter> book, const BookNumbers& numbers,
                     const std::string& question);

// A section or chapter as Markdown, filled in and wrapped at so many columns.
std::string format_section(const BookChapter& chapter, const BookSection& section,
                           const BookNumbers& numbers, std::size_t columns);
std::string format_chapter(const BookChapter& chapter, const BookNumbers& numbers,
                           std::size_t columns);

// What a chapter says before its first section, under its title.
std::string format_introduction(const BookChapter& chapter, const BookNumbers& numbers,
                                std::size_t columns);

// Writes the book into a folder, which is made if need be: a file for each chapter, linked to its
// neighbours, and README.md with the contents. Everything is filled in before anything is written.
//   remark: stands at the head of each file, if it is not empty.
// Throws Error: see BookNumbers::fill; the folder has a README.md that is not the book's; a file
// can't be written.
void write_book(const std::string& folder, std::span<const BookChapter> book,
                const BookNumbers& numbers, const std::string& remark = "");

// The lines of somebody's microgpt.py. Line ends and white space at the ends of lines don't matter.
// Throws Error: can't be read, or it is not the final edition, whose lines the book counts.
std::vector<std::string> read_final_edition(const std::string& path);

}  // namespace microgpt
