// microgpt explain: microgpt.py, line by line.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "built_in_model.h"
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

std::size_t columns() {
  return std::min(terminal_columns(STDOUT_FILENO).value_or(80), kMaxColumns);
}

// Links as their text.
std::string without_links(std::string text) {
  for (std::size_t middle; (middle = text.find("](")) != std::string::npos;) {
    const std::size_t begin = text.rfind('[', middle), end = text.find(')', middle);
    if (begin == std::string::npos || end == std::string::npos) break;
    text.erase(middle, end + 1 - middle).erase(begin, 1);
  }
  return text;
}

// Headings and **words** in bold, if the terminal has that; `code` as it is, but "\|" as "|".
std::string with_styles(const std::string& line, bool bold) {
  if (line.starts_with('#'))
    return with_styles("**" + line.substr(line.find(' ') + 1) + "**", bold);
  std::string text;
  bool is_bold = false, is_code = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '`') is_code = !is_code;
    if (line.compare(i, 2, "\\|") == 0) continue;
    if (is_code || line.compare(i, 2, "**") != 0) {
      text += line[i];
    } else {
      is_bold = !is_bold;
      ++i;
      if (bold) text += is_bold ? "\x1b[1m" : "\x1b[0m";
    }
  }
  return text;
}

// Markdown as a terminal shows it.
std::string for_terminal(const std::string& markdown) {
  const bool bold = shows_styles(STDOUT_FILENO);
  std::string text;
  std::istringstream lines(without_links(printable(markdown)));
  for (std::string line; std::getline(lines, line);) text += with_styles(line, bold) + "\n";
  return text;
}

// What must be said where the numbers are not those that the words are about, else nothing.
std::string remark(const ExplainOptions& options, const BookNumbers& numbers) {
  if (options.text.empty()) return "";
  const std::string whose =
      options.model.empty() ? "it" : fmt::format("the model {}", options.model);
  return numbers.fill(
      "The words are about the first step of an untrained model, on `{{run.docs[0]}}`; only the "
      "numbers are those of " +
          whose + " on `{{text}}`.\n\n",
      "remark", 1);
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

std::string format_numbers(const Answer& answer, const Trace& trace, const std::string& question,
                           bool untrained) {
  const auto data = numbers_of(answer, trace, question);
  const auto shown = data.first(std::min(kShownNumbers, data.size()));
  const bool is_parameter = answer.traced->parents.empty();
  const std::string formula = is_parameter && !untrained
                                  ? ", a parameter"
                                  : fmt::format(" = {}", answer.traced->origin.formula);
  return fmt::format("{}{}\n  {:.6f}{}\n\n", question, formula, fmt::join(shown, " "),
                     shown.size() < data.size() ? " ..." : "");
}

std::string format_answer(const Answer& answer, const BookNumbers& numbers,
                          const ExplainOptions& options, const Lines& source) {
  std::string text = for_terminal(remark(options, numbers));
  if (answer.traced) {
    const bool untrained = options.model.empty() || options.model == "untrained";
    text += printable(format_numbers(answer, numbers.trace(), options.question, untrained));
  }
  if (answer.chapter) {
    text += for_terminal(format_introduction(*answer.chapter, numbers, columns())) + "\n";
  }
  for (const auto& [chapter, section] : answer.entries) {
    if (section != answer.entries.front().section) text += "\n";
    text += quote(*section, source) +
            for_terminal(format_section(*chapter, *section, numbers, columns()));
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

Json to_json(const Answer& answer, const BookNumbers& numbers, const ExplainOptions& options,
             const Lines& source) {
  Json sections = Json::array();
  for (const BookEntry& entry : answer.entries) sections.push_back(to_json(entry, numbers, source));
  Json object = {{"question", options.question}, {"sections", std::move(sections)}};
  if (!options.text.empty()) object["remark"] = remark(options, numbers);
  if (answer.chapter) {
    const BookChapter& chapter = *answer.chapter;
    object["introduction"] = numbers.fill(chapter.text, chapter.file, chapter.text_line);
  }
  if (answer.traced) object["numbers"] = numbers_of(answer, numbers.trace(), options.question);
  return object;
}

std::string format_contents(std::span<const BookChapter> book) {
  std::string text;
  for (const BookChapter& chapter : book) {
    text += for_terminal(fmt::format("**{}** ({})\n", chapter.title, chapter.name()));
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
  BookNumbers numbers{std::string(embedded_names())};
  if (options.text.empty()) return numbers;
  if (options.model.empty()) {
    numbers.follow(options.text);
    return numbers;
  }
  const Model model = open_model(options.model);
  const OptimizerStep update = next_step(model);
  const bool has_update = update.optimizer == Optimizer::kAdam;  // the only one that is traced
  numbers.follow(model, has_update ? std::optional(update) : std::nullopt, options.text);
  return numbers;
}

void check(const ExplainOptions& options) {
  if (!options.model.empty() && options.text.empty()) {
    throw UsageError("--model: expected --text as well, a text for the model to read");
  }
  if (options.book.empty()) return;
  if (!options.question.empty()) {
    throw UsageError("--book writes all of the book, expected no line or name, got '" +
                     options.question + "'");
  }
  if (options.json || !options.source.empty()) {
    throw UsageError(
        "--book writes Markdown without the source, expected no --json and no --source");
  }
}

int run_explain(ExplainOptions options, Output& out) {
  if (options.model == "toy" && options.text.empty()) options.text = kToyText;
  check(options);
  const std::vector<BookChapter> book = embedded_book();
  const BookNumbers numbers = open_numbers(options);
  Lines source;
  if (!options.source.empty()) source = read_final_edition(options.source);
  if (!options.book.empty()) {
    write_book(options.book, book, numbers, remark(options, numbers));
  } else if (options.question.empty()) {
    out.write(options.json ? contents_as_json(book).dump(2) + "\n" : format_contents(book));
  } else {
    const Answer answer = find_sections(book, numbers, options.question);
    out.write(options.json ? to_json(answer, numbers, options, source).dump(2) + "\n"
                           : format_answer(answer, numbers, options, source));
  }
  return 0;
}

constexpr char kExplainExamples[] = R"(Examples:
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
  add_value(app, "--model", &options->model, kAnyModel, "",
            "whose numbers to show: a model.json, the folder of a run, toy or untrained");
  add_value(app, "--text", &options->text, "TEXT", "", "what it reads (default: ab for the toy)");
  add_value(app, "--book", &options->book, "DIR", "", "write the whole book into a folder");
  app.add_flag("--json", options->json, "print JSON");
  app.footer(kExplainExamples);
  return {&app, [options](Output& out) { return run_explain(*options, out); }};
}

}  // namespace microgpt
