// microgpt bot: requests on standard input, names on standard output.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <random>

#include "command.h"
#include "lines.h"
#include "message.h"
#include "microgpt/bot.h"
#include "microgpt/checkpoint.h"
#include "policies.h"

namespace microgpt {
namespace {

constexpr std::size_t kLongestRequest = std::size_t{1} << 20;  // bytes

struct BotOptions {
  std::string model;
  std::string policy = "fruits";
  std::string guard = std::string(to_string(Guard::kCertified));
  BotConfig config;
  std::string seed;  // empty: another one each time
  EngineChoice engine;
  bool names_only = false;
};

PythonRandom random_of(const BotOptions& options) {
  if (!options.seed.empty()) {
    std::uint64_t seed = 0;
    parse_value(options.seed, &seed, "seed", "0 to 18446744073709551615");
    return PythonRandom(seed);
  }
  std::random_device device;
  return PythonRandom(std::uint64_t{device()} << 32 | device());
}

// One line a name; a refusal goes to standard error, so that nothing but names is on the other.
void write_names(const Reply& reply, Output& out) {
  for (const std::string& name : reply.names) out.write(name + "\n");
  if (reply.refused()) print_note(format_reply(reply));
}

Reply answer(Bot& bot, const LineReader::Line& line) {
  if (!line.cut) return bot.answer(line.text);
  return {{}, fmt::format("The request is longer than {} bytes.", kLongestRequest)};
}

int run_bot(const BotOptions& options, Output& out) {
  BotConfig config = options.config;
  std::optional<PythonRandom> random;
  try {
    config.guard = parse_guard(options.guard);
    random = random_of(options);
  } catch (const Error& error) {
    throw UsageError(std::string("--") + error.what());
  }
  const Policy policy = open_policy(options.policy);
  Model model = read_model(options.model);
  const auto engine = take_engine(options.engine, model);
  if (config.guard != Guard::kOff) note_unspellable_words(policy, model.tokenizer);
  Bot bot(model, *engine, policy, config, *random);
  LineReader lines(STDIN_FILENO, kLongestRequest);
  LineReader::Line line;
  while (lines.next(line)) {
    const Reply reply = answer(bot, line);
    if (options.names_only) {
      write_names(reply, out);
    } else {
      out.write(format_reply(reply) + "\n");
    }
    out.flush();
  }
  return 0;
}

constexpr char kBotExamples[] = R"(Examples:
  echo 'a b c' | microgpt bot out                     OK: three names
  echo appl | microgpt bot out --seed 7               a name that is no fruit
  microgpt bot out --policy usernames --discreet      a line of prefixes at a time
  microgpt bot out --policy words.txt --guard resample
  microgpt grade -- microgpt bot out --policy {policy}  how it scores)";

}  // namespace

Command bot_command(CLI::App& program) {
  CLI::App& app = *program.add_subcommand(
      "bot",
      "Answer requests for names, and never with a banned one.\n"
      "Each line of standard input is a request: prefixes with white space between them, or "
      "nothing\n"
      "for a name of any kind. Each is answered by one line, \"OK: name1, name2\" or\n"
      "\"REFUSE: reason\", until the input ends.\n"
      "The guard `certified` draws only letters after which a safe name is left, so that nothing\n"
      "banned can be said; `resample` judges names that are done, and gives up after ten; `off` "
      "has\n"
      "no policy at all.");
  const auto options = std::make_shared<BotOptions>();
  add_model(app, options->model);
  add_policy(app, "--policy", options->policy, "what must not be said");
  add_value(app, "--guard", &options->guard, "certified|resample|off", "",
            "how the policy is kept");
  add_value(app, "--temperature", &options->config.temperature, "X", "0 or more",
            "how adventurous; 0 takes the likeliest letter");
  add_value(app, "--seed", &options->seed, "N", "",
            "of the random numbers (default: another one each time)");
  app.add_flag("--discreet", options->config.discreet,
               "reasons repeat neither the request nor a banned word");
  app.add_flag("--names-only", options->names_only,
               "names alone, one a line; refusals on standard error");
  add_engine(app, options->engine);
  app.footer(kBotExamples);
  return {&app, [options](Output& out) { return run_bot(*options, out); }};
}

}  // namespace microgpt
