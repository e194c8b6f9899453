// microgpt grade as a whole, with bots that behave and bots that don't.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "cli/cli_test.h"

namespace microgpt {
namespace {

using Json = nlohmann::json;

// Answers as well as can be without a model: a prefix is a name.
constexpr char kPerfect[] = R"(
import os, signal, subprocess, sys, time
words = open(os.environ["MICROGPT_POLICY"]).read().split()
def answer(line):
    tokens = line.split()
    prefixes = ["".join(c for c in t.lower() if "a" <= c <= "z") for t in tokens]
    prefixes = [p for p in prefixes if p] or ([] if tokens else [""])
    if not prefixes:
        return "REFUSE: there are no letters in the request."
    if any(word in prefix for prefix in prefixes for word in words):
        return "REFUSE: a banned word is in the request."
    return "OK: " + ", ".join(prefix[:16] or "bo" for prefix in prefixes)
def say(text):
    sys.stdout.write(text)
    sys.stdout.flush()
def answer_all():
    for line in sys.stdin:
        say(answer(line) + "\n")
)";

class GradeTest : public CliTest {
 protected:
  void SetUp() override {
    if (run_program({.command = {"sh", "-c", "command -v python3"}}).status != 0) {
      GTEST_SKIP() << "python3 is not there";
    }
    put_file(folder_ / "perfect.py", kPerfect);
  }

  // A bot that is the perfect one but for what stands in `script`.
  Arguments bot(const std::string& script) const {
    put_file(folder_ / "bot.py", "from perfect import *\n" + script);
    return {"python3", "-B", "bot.py"};
  }

  Arguments grade(Arguments options, const Arguments& command) const {
    options.insert(options.begin(), "grade");
    options.push_back("--");
    options.insert(options.end(), command.begin(), command.end());
    return options;
  }

  Json json_of(Arguments options, const Arguments& command) const {
    options.push_back("--json");
    RunOptions how = CliTest::options(grade(std::move(options), command));
    how.environment["MICROGPT_MODEL"] = folder_ / "out/model.json";
    const RunResult result = run_program(how);
    EXPECT_EQ(result.status, 0) << result.err;
    Json json = Json::parse(result.out, nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << result.out;
    return json;
  }

  void train() const { output_of({"train", "--data", "embedded"}); }

  // The students' bot with some lines changed.
  Arguments template_bot(const std::vector<std::pair<std::string, std::string>>& changes) const {
    std::string source = get_file(MICROGPT_SOURCE_DIR "/examples/bot/bot.py");
    for (const auto& [from, to] : changes) {
      const std::size_t at = source.find(from);
      EXPECT_NE(at, std::string::npos) << from;
      source.replace(at, from.size(), to);
    }
    put_file(folder_ / "student.py", source);
    return {"python3", "-B", "student.py"};
  }

  static const Json& group(const Json& json, std::size_t i) { return json["groups"][i]; }
  static double points(const Json& json, std::size_t i) {
    return json["groups"][i]["points"].get<double>();
  }
};

constexpr std::size_t kBenign = 0, kAdversarial = 1, kFilter = 2, kClarity = 3;

const Arguments kQuick = {"--requests", "150"};
const Arguments kVisibleOnly = {"--requests", "20", "--hidden", "0"};

// Hooks as students write them.
const std::pair<std::string, std::string> kReadsList = {
    "BLOCKED_OUTPUT_PATTERNS = []",
    "BLOCKED_OUTPUT_PATTERNS = open(os.environ['MICROGPT_POLICY']).read().split()"};
const std::pair<std::string, std::string> kRefusesBanned = {
    "    return None\n",
    "    if any(word in p for p in prefixes for word in BLOCKED_OUTPUT_PATTERNS):\n"
    "        return 'a prefix holds a banned word.'\n"
    "    return None\n"};
const std::pair<std::string, std::string> kLooksAtNames = {
    "    return True\n", "    return not any(word in name for word in BLOCKED_OUTPUT_PATTERNS)\n"};

TEST_F(GradeTest, TemplateDeservesHalf) {
  train();
  for (const Arguments& command : {template_bot({}), Arguments{MICROGPT_EXAMPLE_BOT}}) {
    for (const char* const seed : {"1", "2"}) {
      const Json json = json_of({"--requests", "150", "--seed", seed}, command);
      EXPECT_EQ(points(json, kBenign), 40) << json["cases"];
      EXPECT_EQ(points(json, kAdversarial), 0) << json["cases"];
      EXPECT_EQ(points(json, kFilter), 0) << json["cases"];
      EXPECT_EQ(points(json, kClarity), 10) << json["cases"];
    }
  }
}

TEST_F(GradeTest, FilledTemplateDeservesAll) {
  train();
  const Json json = json_of(kQuick, template_bot({kReadsList, kRefusesBanned, kLooksAtNames}));
  EXPECT_EQ(json["points"], 100) << json["cases"];
}

TEST_F(GradeTest, OursDeservesAll) {
  train();
  const Arguments ours = {MICROGPT_PROGRAM, "bot", "out", "--policy", "{policy}"};
  EXPECT_EQ(json_of({"--requests", "1000"}, ours)["points"], 100);
  EXPECT_EQ(json_of({"--policy", "colours"}, ours)["points"], 100);
}

TEST_F(GradeTest, RefusingEverythingFails) {
  const Arguments refuser =
      bot("for line in sys.stdin: say('REFUSE: it is never safe enough.\\n')");
  const Json json = json_of(kQuick, refuser);
  EXPECT_LE(json["points"], 10) << json["groups"];
  EXPECT_EQ(points(json, kAdversarial), 0) << "safety by saying nothing";
  EXPECT_EQ(points(json, kFilter), 0) << "safety by saying nothing";
}

TEST_F(GradeTest, ListWrittenIntoTheBotFails) {
  train();
  run_program(options(grade(kVisibleOnly, {"sh", "-c", "cp $MICROGPT_POLICY fruits"})));
  const std::pair<std::string, std::string> knows_fruits = {
      "BLOCKED_OUTPUT_PATTERNS = []", "BLOCKED_OUTPUT_PATTERNS = open('fruits').read().split()"};
  const Arguments command = template_bot({knows_fruits, kRefusesBanned, kLooksAtNames});
  const Json json = json_of(kQuick, command);
  EXPECT_EQ(points(json, kBenign), 40);
  EXPECT_LT(points(json, kAdversarial), 15);
  EXPECT_EQ(points(json, kFilter), 0);
  for (const Json& one : json["cases"]) {
    if (one["group"] != "adversarial") continue;
    EXPECT_EQ(one["passed"], !one["held_out"]) << one;
  }
  EXPECT_TRUE(contains(group(json, kAdversarial)["advice"].dump(), "held-out")) << json["groups"];
  EXPECT_EQ(json_of({"--hidden", "0", "--requests", "150"}, command)["points"], 100);
}

TEST_F(GradeTest, RefusingByBeginningsCosts) {
  const Arguments fearful = bot(R"(
def is_near(prefix):
    return any(prefix.endswith(word[:n]) for word in words for n in range(2, len(word)))
for line in sys.stdin:
    reply = answer(line)
    if reply.startswith("OK") and any(is_near(p) for p in line.split()):
        reply = "REFUSE: a prefix ends as a banned word begins."
    say(reply + "\n")
)");
  put_file(folder_ / "fruits.txt", "apple\npear\nplum\nfig\nlime\ngrape\nmango\n");
  const Json json = json_of({"--policy", "fruits.txt", "--hidden", "0"}, fearful);
  std::vector<std::string> refused;
  for (const Json& one : json["cases"]) {
    if (one.value("fault", "") == "refused") refused.push_back(one["request"]);
  }
  for (const char* const harmless : {"ali", "eli", "oli", "man"}) {
    EXPECT_EQ(std::ranges::count(refused, harmless), 1) << harmless;
  }
  EXPECT_LT(points(json, kBenign), 40);
  EXPECT_LT(points(json, kAdversarial), 40);
}

// A bot is told words, not where in a name they count; without a guard it fails whatever that says.
TEST_F(GradeTest, WholeWordsAreBannedAnywhereToo) {
  put_file(folder_ / "whole.json", R"({"format": "microgpt-policy-v1", "name": "whole",
      "match": "word", "words": ["ann", "fig", "eve"]})");
  const Arguments talker = bot(
      "words.clear()\nfor line in sys.stdin:\n  a = answer(line)\n"
      "  say(', '.join(n + 'bo' for n in a.split(', ')) + '\\n' if a[0] == 'O' else a + '\\n')");
  const Json json = json_of({"--policy", "whole.json", "--hidden", "0"}, talker);
  EXPECT_EQ(points(json, kAdversarial), 0) << json["cases"];
}

TEST_F(GradeTest, RefusingTheManyCosts) {
  const Arguments shy =
      bot("lines = sys.stdin.readlines()\nfor line in lines:\n"
          "  say(('REFUSE: these are too many for me.' if len(lines) > 100 else answer(line)) + "
          "'\\n')");
  EXPECT_LT(points(json_of({"--requests", "150", "--hidden", "0"}, shy), kFilter), 6);
}

TEST_F(GradeTest, SlowTalkersAreHeardOut) {
  const Arguments slow =
      bot("for line in sys.stdin:\n  say('well\\n'); time.sleep(0.02)\n"
          "  say(answer(line) + '\\n')");
  EXPECT_GT(json_of({"--requests", "150", "--hidden", "0"}, slow)["points"], 98);
}

TEST_F(GradeTest, BotsDontSpoilTheFolderOfTheList) {
  for (const char* const harm :
       {"import shutil; shutil.rmtree(os.path.dirname(os.environ['MICROGPT_POLICY']))",
        "p = os.environ['MICROGPT_POLICY']; os.remove(p); os.mkfifo(p)"}) {
    EXPECT_EQ(json_of(kVisibleOnly, bot(std::string("answer_all()\n") + harm))["points"], 100);
  }
}

// What lies in the pipe when the bot ends, more than is read at once.
TEST_F(GradeTest, LastWordsAreRead) {
  const Arguments command = bot(R"(
import fcntl
F_SETPIPE_SZ = 1031  # of Linux; elsewhere the pipe stays small
if sys.platform == "linux": fcntl.fcntl(1, F_SETPIPE_SZ, 1 << 20)
answers = "".join([answer(line) + "\n" for line in sys.stdin]).encode()
while answers: answers = answers[os.write(1, answers):]
os._exit(0)
)");
  EXPECT_EQ(json_of({"--hidden", "0", "--requests", "40000"}, command)["points"], 100);
}

TEST_F(GradeTest, CommandIsRunAsItIsWritten) {
  const Arguments command = {"python3",
                             "-c",
                             "import sys; open('args', 'w').write(repr(sys.argv[1:]))",
                             "--one_two",
                             "x{policy}{policy}y",
                             "-h",
                             "--json",
                             "--",
                             ""};
  run_program(options(grade(kVisibleOnly, command)));
  const std::string arguments = file("args");
  EXPECT_TRUE(contains(arguments, "['--one_two', 'x/")) << arguments;
  EXPECT_TRUE(contains(arguments, "/policy.txty', '-h', '--json', '--', '']")) << arguments;
  EXPECT_FALSE(contains(arguments, "{policy}")) << arguments;
}

TEST_F(GradeTest, TextTellsWhatFailed) {
  const Arguments silent = bot("print('OK: ann'); print('no such request'); 1 / 0");
  const std::string text = output_of(grade(kVisibleOnly, silent));
  for (const char* const part :
       {"of 100 points, seed 42", "benign", "adversarial", "output filter", "clarity", "FAILED",
        "request   \"", "expected  OK: and a name", "got       no answer", "-> Requests were left",
        "exit status 1", "ZeroDivisionError"}) {
    EXPECT_TRUE(contains(text, part)) << part << "\n" << text;
  }
  const std::string all = output_of(grade({"--requests", "20", "--verbose"}, bot("answer_all()")));
  EXPECT_TRUE(contains(all, "100.0 of 100")) << all;
  EXPECT_TRUE(contains(all, "passed  held-out 2: a blank line")) << all;
}

TEST_F(GradeTest, SeedsDrawOtherCases) {
  const Arguments command = bot("answer_all()");
  const auto asked = [&](const char* seed) {
    put_file(folder_ / "bot.py",
             "from perfect import *\nopen('asked', 'a').write(sys.stdin.read())");
    std::filesystem::remove(folder_ / "asked");
    run_program(options(grade({"--seed", seed, "--requests", "50"}, command)));
    return file("asked");
  };
  const std::string one = asked("1");
  EXPECT_FALSE(one.empty());
  EXPECT_EQ(one, asked("1"));
  EXPECT_NE(one, asked("2"));
}

TEST_F(GradeTest, ExitStatus) {
  const Arguments junk = bot("say('junk')");
  EXPECT_EQ(run(grade(kVisibleOnly, junk)).status, 0);
  EXPECT_EQ(run(grade({"--hidden", "0", "--pass", "50"}, junk)).status, 3);
  EXPECT_EQ(run(grade({"--hidden", "0", "--pass", "100"}, bot("answer_all()"))).status, 0);
  const RunResult missing = run(grade({}, {"./no-such-bot"}));
  EXPECT_EQ(missing.status, 1);
  EXPECT_TRUE(contains(missing.err, "./no-such-bot: can't be started")) << missing.err;
  EXPECT_EQ(run({"grade"}).status, 2);
  EXPECT_EQ(run(grade({"--time-limit", "0"}, junk)).status, 2);
  EXPECT_EQ(run(grade({"--policy", "no-such-policy"}, junk)).status, 1);
}

TEST_F(GradeTest, StoppedGraderStopsTheBot) {
  Process process(options(grade({}, bot("open('pid', 'w').write(str(os.getpid()))\n"
                                        "os.rename('pid', 'started')\ntime.sleep(60)"))));
  while (process.runs() && !exists("started"))
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  process.send(SIGINT);
  const RunResult result = process.wait();
  EXPECT_EQ(result.status, 1) << result.err;
  EXPECT_LT(result.seconds, 20);
  EXPECT_NE(kill(std::stoi(file("started")), 0), 0) << "the bot still runs";
}

TEST_F(GradeTest, GradescopeResults) {
  output_of(grade({"--gradescope", "results", "--requests", "20"},
                  bot("for line in sys.stdin: say('OK: ann\\n')")));
  const Json json = Json::parse(file("results/results.json"));
  EXPECT_GT(json["score"], 0);
  EXPECT_LT(json["score"], 50);
  double sum = 0, most = 0;
  for (const Json& test : json["tests"]) {
    EXPECT_TRUE(test["name"].is_string() && test["output"].is_string()) << test;
    EXPECT_EQ(test["output_format"], "text");
    sum += test["score"].get<double>();
    most += test["max_score"].get<double>();
    if (test["visibility"] == "visible") {
      EXPECT_FALSE(contains(test["output"], "held-out 1")) << test["output"];
    }
  }
  EXPECT_EQ(most, 100);
  EXPECT_NEAR(sum, json["score"].get<double>(), 1e-9);
  EXPECT_EQ(json["tests"].back()["visibility"], "after_published");
  EXPECT_TRUE(contains(json["tests"].back()["output"], "held-out 1"));
}

TEST_F(GradeTest, GradescopeBundleGrades) {
  put_file(folder_ / "words.txt", "apple\npear\nplum\nfig\nlime\n");
  output_of({"grade", "--bundle", "root/source", "--policy", "words.txt", "--seed", "7", "--hidden",
             "1", "--requests", "30"});
  std::filesystem::create_directories(folder_ / "root/submission");
  put_file(folder_ / "root/submission/perfect.py", kPerfect);
  put_file(folder_ / "root/submission/bot.py", "from perfect import *\nanswer_all()\n");
  RunOptions how = options({});
  how.environment["AUTOGRADER_ROOT"] = folder_ / "root";
  // Not as root: making users is for the autograder's own machine.
  how.command = {"sh", "-c",
                 "id() { echo 1000; }; . ./root/source/setup.sh && . ./root/source/run_autograder"};
  const RunResult result = run_program(how);
  EXPECT_EQ(result.status, 0) << result.err << result.out;
  const std::string written = file("root/results/results.json");
  const Json json = Json::parse(written, nullptr, false);
  ASSERT_FALSE(json.is_discarded()) << result.out << result.err;
  EXPECT_EQ(json["score"], 100) << written;
  EXPECT_EQ(json["extra_data"]["seed"], 7);
}

// How a bot misbehaves, and what becomes of it.
struct Misbehaviour {
  const char* name;
  const char* script;
  const char* ending;  // of its first run
  double least, most;  // points
};

void PrintTo(const Misbehaviour& misbehaviour, std::ostream* out) { *out << misbehaviour.name; }

constexpr char kExited[] = "exited", kTime[] = "time limit", kOutput[] = "output limit";

const Misbehaviour kMisbehaviours[] = {
    {"HangsAtOnce", "time.sleep(100)", kTime, 0, 0},
    {"HangsAfterTen",
     "for i in range(10): say(answer(sys.stdin.readline()) + '\\n')\n"
     "time.sleep(100)",
     kTime, 0.1, 30},
    {"IgnoresSignals",
     "for s in range(1, 32):\n  try: signal.signal(s, signal.SIG_IGN)\n"
     "  except OSError: pass\ntime.sleep(100)",
     kTime, 0, 0},
    {"SpinsForever", "while True: pass", kTime, 0, 0},
    {"CrashesAtOnce", "raise RuntimeError('no')", kExited, 0, 0},
    {"CrashesMidLine",
     "for i in range(10): say(answer(sys.stdin.readline()) + '\\n')\n"
     "say('OK: an'); os._exit(3)",
     kExited, 0.1, 30},
    {"Aborts", "os.abort()", "signal", 0, 0},
    {"ExitsNonZero", "answer_all(); sys.exit(7)", kExited, 100, 100},
    {"PrintsJunk", "for line in sys.stdin: say('hello there\\n')", kExited, 0, 0},
    {"PrintsBinary", "for line in sys.stdin: os.write(1, bytes(range(11, 256)) + b'\\n')", kExited,
     0, 0},
    {"PrintsNul", "for line in sys.stdin: os.write(1, b'OK: a\\0n\\n')", kExited, 0, 10},
    {"PrintsHugeLine", "say('OK: ' + 'a' * 20_000_000 + '\\n')", kOutput, 0, 5},
    {"FloodsForever", "while True: say('OK: ann\\n' * 1000)", kOutput, 0, 8},
    {"FloodsWithoutLines", "while True: say('a' * 65536)", kOutput, 0, 0},
    {"FloodsErrors", "while True: sys.stderr.write('x' * 65536)", kOutput, 0, 0},
    {"ClosesOutput", "os.close(1); time.sleep(100)", "closed its output", 0, 0},
    {"ClosesInput", "os.close(0); say('OK: ann\\n')", kExited, 0, 10},
    {"NeverReads", "time.sleep(0.2)", kExited, 0, 0},
    {"NeverReadsButTalks", "say('OK: ann\\n' * 5); time.sleep(100)", kTime, 0, 10},
    {"LeavesChild", "subprocess.Popen(['sleep', '100']); answer_all()", kExited, 100, 100},
    {"LeavesChatteringChild", "subprocess.Popen(['yes', 'OK: ann']); time.sleep(100)", kOutput, 0,
     10},
    {"LeavesDaemon",
     "p = subprocess.Popen('(setsid sleep 100 > /dev/null 2>&1 & echo $!) > daemon',"
     " shell=True); p.wait(); answer_all()",
     kExited, 100, 100},
    {"StartsManyProcesses",
     "for i in range(300): subprocess.Popen(['sleep', '50'])\n"
     "time.sleep(50)",
     "process limit", 0, 0},
    {"EatsMemory",
     "hoard = []\nfor i in range(60): hoard.append(b'x' * 10_000_000); "
     "time.sleep(0.005)\ntime.sleep(50)",
     "memory limit", 0, 0},
    {"AnswersTwice", "for line in sys.stdin: say((answer(line) + '\\n') * 2)", kExited, 0, 40},
    {"AnswersEveryOther",
     "for i, line in enumerate(sys.stdin):\n"
     "  if i % 2: say(answer(line) + '\\n')",
     kExited, 0, 40},
    {"AnswersBackwards", "for line in reversed(list(sys.stdin)): say(answer(line) + '\\n')",
     kExited, 0, 60},
    {"AnswersFirstLineOnly", "say(answer(sys.stdin.readline()) + '\\n')", kExited, 0, 10},
    {"GivesOneNameTooMany",
     "for line in sys.stdin:\n  a = answer(line)\n"
     "  say(a + (', bo' if a[0] == 'O' else '') + '\\n')",
     kExited, 0, 10},
    {"IgnoresPrefixes",
     "for line in sys.stdin:\n  a = answer(line)\n"
     "  say((a if a[0] == 'R' else 'OK: ' + ', '.join(['zzz'] * "
     "(a.count(',') + 1))) + '\\n')",
     kExited, 10, 40},
    {"GivesEmptyNames", "for line in sys.stdin: say('OK: \\n')", kExited, 0, 10},
    {"GivesCapitals",
     "for line in sys.stdin:\n  a = answer(line)\n"
     "  say((a if a[0] == 'R' else a.upper()) + '\\n')",
     kExited, 0, 10},
    {"GivesNamesTooLong",
     "for line in sys.stdin:\n  a = answer(line)\n"
     "  say((a if a[0] == 'R' else a + 'a' * 20) + '\\n')",
     kExited, 0, 10},
    {"GivesBadUtf8", "for line in sys.stdin: os.write(1, b'OK: \\xff\\xc0\\x80\\n')", kExited, 0,
     10},
    {"EndsLinesAsWindows", "for line in sys.stdin: say(answer(line) + ' \\r\\n')", kExited, 100,
     100},
    {"BeginsWithMark", "os.write(1, b'\\xef\\xbb\\xbf'); answer_all()", kExited, 80, 99.5},
    {"GivesNoReason",
     "for line in sys.stdin:\n  a = answer(line)\n"
     "  say((a if a[0] == 'O' else 'REFUSE:') + '\\n')",
     kExited, 90, 95},
    {"GivesManySentences",
     "for line in sys.stdin:\n  a = answer(line)\n"
     "  say((a if a[0] == 'O' else a + ' Go away now.') + '\\n')",
     kExited, 90, 95},
    {"AnswersAtTheEnd", "say(''.join([answer(line) + '\\n' for line in sys.stdin]))", kExited, 100,
     100},
    {"PrintsRemarks",
     "for line in sys.stdin: say('asked ' + line.strip()[:9] + '\\n' + "
     "answer(line) + '\\n')",
     kExited, 98, 99.5},
    {"StaysAfterTheEnd", "answer_all(); time.sleep(100)", "did not end", 100, 100},
    {"WritesHugeFile", "f = open('huge', 'wb')\nfor i in range(200): f.write(bytes(1 << 20))",
     kExited, 0, 0},
};

class MisbehavingBot : public GradeTest, public testing::WithParamInterface<Misbehaviour> {};

TEST_P(MisbehavingBot, IsScoredAndGone) {
  const auto& [name, script, ending, least, most] = GetParam();
  const auto start = std::chrono::steady_clock::now();
  const Json json =
      json_of({"--requests", "20", "--hidden", "0", "--time-limit", "2", "--memory-limit", "300"},
              bot(script));
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(json["runs"][0]["ending"], ending) << json["runs"];
  EXPECT_GE(json["points"], least) << json["groups"];
  EXPECT_LE(json["points"], most) << json["groups"];
  EXPECT_LT(passed.count(), 30) << "two runs of two seconds, on a machine with other work";
  if (exists("daemon")) {
    EXPECT_NE(kill(std::stoi(file("daemon")), 0), 0) << "the daemon still runs";
    EXPECT_GE(json["runs"][0]["processes_left"], 1);
  }
  if (exists("huge")) {
    EXPECT_LE(std::filesystem::file_size(folder_ / "huge"), 64U << 20);
  }
}

INSTANTIATE_TEST_SUITE_P(, MisbehavingBot, testing::ValuesIn(kMisbehaviours),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace microgpt
