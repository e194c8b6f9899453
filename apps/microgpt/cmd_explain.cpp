// microgpt explain: microgpt.py, line by line.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "command.h"
#include "embedded_book.h"
#include "embedded_names.h"
#include "message.h"
#include "microgpt/book.h"

namespace microgpt {
namespace {

using Json = nlohmann::ordered_json;
using Lines = std::vector<std::string>;

constexpr std::size_t kMaxColumns = 100;
constexpr std::size_t kShownNumbers = 8;

struct ExplainOptions {
  std::string question;
  std::string source;
  std::string model;
  std::string text;
  std::string book;
  bool json = false;
};

// How wide the text may be, and whether a heading can be bold.
struct Page {
  std::size_t columns = 80;
  bool bold = false;
};

Page page() {
  const char* const term = std::getenv("TERM");
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return {};
  return {.columns = size.ws_col == 0 ? 80 : std::min<std::size_t>(size.ws_col, kMaxColumns),
          .bold = term != nullptr && std::string_view(term) != "dumb"};
}

// Markdown as a terminal shows it: headings and **words** in bold, links as their text.
std::string for_terminal(const std::string& markdown, const Page& page) {
  const std::string begin = page.bold ? "\x1b[1m" : "", end = page.bold ? "\x1b[0m" : "";
  std::string text;
  bool is_bold = false;
  std::istringstream lines(markdown);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) line = "**" + line.substr(line.find(' ') + 1) + "**";
    for (std::size_t at = line.find("**"); at != std::string::npos; at = line.find("**", at)) {
      is_bold = !is_bold;
      line.replace(at, 2, is_bold ? begin : end);
    }
    text += line + "\n";
  }
  return text;
}

std::string quote(const BookSection& section, const Lines& source) {
  std::string text;
  for (int line = section.first_line; line <= section.last_line && !source.empty(); ++line) {
    text += fmt::format("{:>5}  {}\n", line, source[static_cast<std::size_t>(line - 1)]);
  }
  return text.empty() ? text : text + "\n";
}

// The numbers that a path names: all of its tensor's, or one.
std::span<const double> numbers_of(const Answer& answer, const Trace& trace,
                                   const std::string& question) {
  if (question == answer.traced->name) return answer.traced->data;
  return std::span(answer.traced->data).subspan(find_element(trace, question).index, 1);
}

std::string format_numbers(const Answer& answer, const Trace& trace, const std::string& question) {
  const auto data = numbers_of(answer, trace, question);
  const auto shown = data.first(std::min(kShownNumbers, data.size()));
  return fmt::format("{} = {}\n  {:.6f}{}\n\n", question, answer.traced->origin.formula,
                     fmt::join(shown, " "), shown.size() < data.size() ? " ..." : "");
}

std::string format_answer(const Answer& answer, const BookNumbers& numbers,
                          const std::string& question, const Lines& source) {
  const Page page = microgpt::page();
  std::string text;
  if (answer.traced) text = format_numbers(answer, numbers.trace(), question);
  for (const auto& [chapter, section] : answer.entries) {
    if (section != answer.entries.front().section) text += "\n";
    text +=
        quote(*section, source) +
        for_terminal(printable(format_section(*chapter, *section, numbers, page.columns)), page);
  }
  return text;
}

Json to_json(const BookEntry& entry, const BookNumbers& numbers, const Lines& source) {
  const auto& [chapter, section] = entry;
  Json code = Json::array();
  for (const CodePlace& place : section->code) {
    code.push_back({{"file", place.file}, {"name", place.name}});
  }
  Json object = {{"chapter", chapter->title},
                 {"title", section->title},
                 {"lines", {section->first_line, section->last_line}},
                 {"names", section->names},
                 {"code", std::move(code)},
                 {"text", numbers.fill(section->text, chapter->file, section->text_line)}};
  if (!source.empty()) {
    object["source"] =
        Lines(source.begin() + section->first_line - 1, source.begin() + section->last_line);
  }
  return object;
}

Json to_json(const Answer& answer, const BookNumbers& numbers, const std::string& question,
             const Lines& source) {
  Json sections = Json::array();
  for (const BookEntry& entry : answer.entries) sections.push_back(to_json(entry, numbers, source));
  Json object = {{"question", question}, {"sections", std::move(sections)}};
  if (answer.traced) object["numbers"] = numbers_of(answer, numbers.trace(), question);
  return object;
}

std::string format_contents(std::span<const BookChapter> book) {
  const Page page = microgpt::page();
  std::string text;
  for (const BookChapter& chapter : book) {
    text += for_terminal(fmt::format("**{}** ({})\n", chapter.title, chapter.name()), page);
    for (const BookSection& section : chapter.sections) {
      text +=
          fmt::format("  {:>3}-{:<3}  {}\n", section.first_line, section.last_line, section.title);
    }
  }
  return text;
}

Json contents_as_json(std::span<const BookChapter> book) {
  Json chapters = Json::array();
  for (const BookChapter& chapter : book) {
    Json sections = Json::array();
    for (const BookSection& section : chapter.sections) {
      sections.push_back({{"title", section.title},
                          {"lines", {section.first_line, section.last_line}},
                          {"names", section.names}});
    }
    chapters.push_back(
        {{"name", chapter.name()}, {"title", chapter.title}, {"sections", std::move(sections)}});
  }
  return chapters;
}

BookNumbers open_numbers(const ExplainOptions& options) {
  if (!options.model.empty() && options.text.empty()) {
    throw UsageError("--model: expected --text as well, a text for the model to read");
  }
  BookNumbers numbers{std::string(embedded_names())};
  if (options.text.empty()) return numbers;
  std::optional<Model> model;
  if (!options.model.empty()) {
    model = options.model == "toy" ? toy_model() : read_model(options.model);
  }
  numbers.follow(model, options.text);
  return numbers;
}

int run_explain(const ExplainOptions& options, Output& out) {
  if (!options.book.empty() && !options.question.empty()) {
    throw UsageError("--book writes all of the book, expected no line or name, got '" +
                     options.question + "'");
  }
  const std::vector<BookChapter> book = embedded_book();
  const BookNumbers numbers = open_numbers(options);
  Lines source;
  if (!options.source.empty()) source = read_final_edition(options.source);
  if (!options.book.empty()) {
    write_book(options.book, book, numbers);
  } else if (options.question.empty()) {
    out.write(options.json ? contents_as_json(book).dump(2) + "\n" : format_contents(book));
  } else {
    const Answer answer = find_sections(book, numbers, options.question);
    out.write(options.json ? to_json(answer, numbers, options.question, source).dump(2) + "\n"
                           : format_answer(answer, numbers, options.question, source));
  }
  return 0;
}

constexpr char kExamples[] = R"(Examples:
  microgpt explain                            the parts, with their lines
  microgpt explain 105                        what line 105 of microgpt.py does
  microgpt explain attn_weights               a variable, a function, a parameter
  microgpt explain attention                  a whole part
  microgpt explain 'pos2.layer0.q[3]'         a number of the step, and where it comes from
  microgpt explain 94 --source microgpt.py    with its lines beside
  microgpt explain softmax --text emma        numbers of another word
  microgpt explain rmsnorm --model out --text emma
  microgpt explain --book pages               the whole book as Markdown)";

}  // namespace

Command explain_command(CLI::App& program) {
  CLI::App& app = *program.add_subcommand(
      "explain",
      "Explain microgpt.py: a line, a name, or a number of a step.\n"
      "Says what the lines do, why they are there, which numbers they make, where they are in "
      "this\n"
      "project, and what large systems do in their place. The lines are those of the final "
      "edition;\n"
      "the numbers are those of a real step, by default the first one on the embedded names.");
  const auto options = std::make_shared<ExplainOptions>();
  app.add_option("question", options->question, "a line, a name or a number; none: list the parts")
      ->type_name("LINE|NAME");
  add_value(app, "--source", &options->source, "FILE", "", "a microgpt.py to quote the lines from");
  add_value(app, "--model", &options->model, "FILE|toy", "",
            "whose numbers to show: a model.json, the folder of a run, or the toy model");
  add_value(app, "--text", &options->text, "TEXT", "", "what it reads");
  add_value(app, "--book", &options->book, "DIR", "", "write the whole book into a folder");
  app.add_flag("--json", options->json, "print JSON");
  app.footer(kExamples);
  return {&app, [options](Output& out) { return run_explain(*options, out); }};
}

}  // namespace microgpt
