// microgpt export: each file is put to the use that it is for, and does what the program does.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "cli/cli_test.h"

namespace microgpt {
namespace {

const std::string kSources = MICROGPT_SOURCE_DIR;
const std::string kDrivers = kSources + "/tests/export";

// What users may turn on.
const Arguments kWarnings = {"-Wall",    "-Wextra", "-Wpedantic", "-Wconversion",
                             "-Wshadow", "-Wundef", "-Werror"};

Arguments joined(Arguments a, const Arguments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

bool is_there(const std::string& program) {
  return run_program({.command = {"sh", "-c", "command -v " + program}}).status == 0;
}

#define MICROGPT_NEED_PROGRAM(program) \
  if (!is_there(program)) GTEST_SKIP() << program << " is not there"

class ExportTest : public CliTest {
 protected:
  // Makes a model of some shape in a folder of this name; the names are to be of its letters.
  void train(const std::string& name) const {
    put_file(folder_ / "data",
             "\u0410\u043d\u043d\u0430\n\u0411\u043e\u0440\u0438\u0441\n\u0412\u0435\u0440\u0430\n"
             "Zo\u00eb\nR\u00e9n\u00e9e\n\u5c0f\u660e\nO'Neil \\ \"x\" */ ?\?/\n\U0001F600\n");
    Arguments arguments = {"train", "--engine", "exact", "--out", name, "--num-steps"};
    if (name == "latin") {
      arguments = joined(arguments, {"300", "--data", "embedded"});
    } else {
      arguments = joined(arguments, {"60", "--data", "data", "--n-layer", "2", "--n-embd", "24"});
    }
    if (name == "first") arguments = joined(arguments, {"--edition", "first", "--n-head", "3"});
    if (name == "squared") arguments = joined(arguments, {"--activation", "relu2"});
    output_of(arguments);
  }

  std::string export_to(const std::string& file, const Arguments& arguments) const {
    const RunResult result = run(joined({"export"}, joined(arguments, {"--out", file})));
    EXPECT_EQ(result.status, 0) << result.err;
    return result.err;
  }

  // Runs what must succeed and say nothing on standard error.
  std::string output_of_tool(const Arguments& command, const std::string& input = "") const {
    const RunResult result =
        run_program({.command = command, .folder = folder_.path(), .input = input});
    EXPECT_EQ(result.status, 0) << command[0] << "\n" << result.err;
    EXPECT_EQ(result.err, "");
    return result.out;
  }

  // Compiles the driver around "gpt.h".
  void compile(const std::string& compiler, const std::string& program,
               const Arguments& more = {"-std=c99"}) const {
    output_of_tool(joined(joined({compiler, "-O1"}, joined(more, kWarnings)),
                          {"-I.", "-I" + kDrivers, kDrivers + "/host.c", "-lm", "-o", program}));
  }

  std::string names_of_program(const std::string& model, const std::string& temperature) const {
    return output_of({"sample", model, "--engine", "exact", "--own-streams", "--seed", "7", "-n",
                      "200", "--temperature", temperature});
  }

  std::string names_of_product(const std::string& temperature) const {
    return output_of_tool({folder_ / "host", "names", "7", "200", temperature});
  }
};

class CNames : public ExportTest, public testing::WithParamInterface<std::string> {};

TEST_P(CNames, AreTheProgramsFromTheSameSeed) {
  MICROGPT_NEED_PROGRAM("gcc");
  const std::string model = GetParam();
  train(model);
  export_to("gpt.h", {model, "--to", "c-header"});
  compile("gcc", "host");
  for (const char* temperature : {"0", "0.3", "0.5", "1", "2.5"}) {
    EXPECT_EQ(names_of_product(temperature), names_of_program(model, temperature)) << temperature;
  }
}

INSTANTIATE_TEST_SUITE_P(Export, CNames, testing::Values("latin", "first", "squared"));

// The mean loss of the model as `eval` says it.
double eval_loss(const std::string& json) {
  return nlohmann::json::parse(json)["loss_per_token"].get<double>();
}

class CLoss : public ExportTest, public testing::WithParamInterface<std::string> {};

// The number after a word.
double number_after(const std::string& text, const std::string& word) {
  const std::size_t at = text.find(word);
  return at == std::string::npos ? -1 : std::atof(text.c_str() + at + word.size());
}

TEST_P(CLoss, IsWhatTheFileSays) {
  MICROGPT_NEED_PROGRAM("gcc");
  for (const std::string model : {"latin", "first"}) {
    train(model);
    const std::string data = model == "latin" ? kSources + "/data/names.txt" : folder_ / "data";
    const std::string all = get_file(data);
    const std::string documents =
        all.substr(0, std::min(all.find('\n', 10'000), all.size() - 1) + 1);
    put_file(folder_ / "documents", documents);
    const std::string said = export_to("gpt.h", {model, "--to", "c-header", "--weights", GetParam(),
                                                 "--data", folder_ / "documents"});
    const std::string head = file("gpt.h").substr(0, 2000);
    EXPECT_TRUE(contains(head, " * Loss in nats a token: ")) << head;
    EXPECT_TRUE(contains(said, "Loss in nats a token: ")) << said;
    compile("gcc", "host", {"-std=c99", "-fsanitize=undefined"});
    const double before = eval_loss(output_of({"eval", model, "--data", "documents", "--json"}));
    const double after = std::atof(output_of_tool({folder_ / "host", "loss"}, documents).c_str());
    EXPECT_NEAR(number_after(said, "a token: "), before, 6e-5);
    // The file's figure is that of its weights; its arithmetic adds what is allowed here.
    EXPECT_NEAR(number_after(said, ", and "), after, 4e-4) << model;
    EXPECT_LT(after - before, 0.02) << model;
  }
}

// "q4.12" as a name in C.
std::string name_of(const testing::TestParamInfo<std::string>& info) {
  return info.param == "q4.12" ? "q4_12" : info.param;
}

INSTANTIATE_TEST_SUITE_P(Export, CLoss, testing::Values("int8", "q4.12"), name_of);

TEST_F(ExportTest, FloatLossIsTheEngines) {
  MICROGPT_NEED_PROGRAM("gcc");
  train("latin");
  export_to("gpt.h", {"latin", "--to", "c-header"});
  compile("gcc", "host");
  const std::string documents = "emma\nolivia\nava\nchristopherjamesalexander\n";
  put_file(folder_ / "documents", documents);
  EXPECT_NEAR(std::atof(output_of_tool({folder_ / "host", "loss"}, documents).c_str()),
              eval_loss(output_of({"eval", "latin", "--data", "documents", "--json"})), 1e-6);
}

TEST_F(ExportTest, CompilersDoNotWarn) {
  train("first");
  for (const char* weights : {"float32", "int8", "q4.12"}) {
    export_to("gpt.h", {"first", "--to", "c-header", "--weights", weights});
    std::vector<std::string> reports;
    for (const char* compiler : {"gcc", "clang"}) {
      if (!is_there(compiler)) continue;
      compile(compiler, "host", {"-std=c99", "-ffp-contract=off"});
      reports.push_back(output_of_tool({folder_ / "host", "report"}));
    }
    EXPECT_EQ(reports.front(), reports.back()) << weights;
    // C++ has it, too, and a program of two files.
    if (!is_there("g++")) continue;
    put_file(folder_ / "one.cpp", "#define GPT_IMPLEMENTATION\n#include \"gpt.h\"\n");
    put_file(folder_ / "two.cpp",
             "#include \"gpt.h\"\nint main() { gpt_state s; gpt_init(&s, 1); }\n");
    output_of_tool(joined({"g++", "-std=c++11", "one.cpp", "two.cpp"}, kWarnings));
  }
}

// They take the place of libm's, and are as good as a float is.
TEST_F(ExportTest, ExpAndRootAreRight) {
  MICROGPT_NEED_PROGRAM("gcc");
  train("latin");
  export_to("gpt.h", {"latin", "--to", "c-header"});
  compile("gcc", "host");
  const std::string errors = output_of_tool({folder_ / "host", "math"});
  EXPECT_GT(number_after(errors, "exp "), 0) << errors;
  EXPECT_LT(number_after(errors, "exp "), 2e-7) << errors;
  EXPECT_GT(number_after(errors, "rsqrt "), 0) << errors;
  EXPECT_LT(number_after(errors, "rsqrt "), 2e-7) << errors;
}

// A buffer that is too small gets whole tokens, and no byte beyond it is written.
TEST_F(ExportTest, NamesKeepWithinTheBuffer) {
  MICROGPT_NEED_PROGRAM("gcc");
  train("latin");
  export_to("gpt.h", {"latin", "--to", "c-header"});
  compile("gcc", "host", {"-std=c99", "-fsanitize=address,undefined", "-g"});
  const std::string whole = output_of_tool({folder_ / "host", "small", "17"});
  const std::string name = whole.substr(2, whole.find(' ', 2) - 2);
  ASSERT_GT(name.size(), 3u) << whole;
  EXPECT_EQ(whole, std::to_string(name.size()) + " " + name + " #\n");
  EXPECT_EQ(output_of_tool({folder_ / "host", "small", "4"}), "3 " + name.substr(0, 3) + " #\n");
  EXPECT_EQ(output_of_tool({folder_ / "host", "small", "1"}), "0  #\n");
}

// An emulated chip has the desktop's bits: the file brings its own exp and square root, and float32
// is IEEE 754's on both.
class CortexM : public ExportTest, public testing::WithParamInterface<std::string> {
 protected:
  std::string report_of_chip(const std::string& board, const Arguments& processor) const {
    output_of_tool(joined(joined({"arm-none-eabi-gcc", "-std=c99", "-Os", "-mthumb",
                                  "-ffreestanding", "-ffp-contract=off"},
                                 joined(processor, kWarnings)),
                          {"-I.", "-I" + kDrivers, "-nostdlib", "-T", kDrivers + "/cortex_m.ld",
                           kDrivers + "/cortex_m.c", "-lgcc", "-o", "chip.elf"}));
    const RunResult result =
        run_program({.command = {"qemu-system-arm", "-machine", board, "-display", "none",
                                 "-monitor", "none", "-serial", "none", "-semihosting-config",
                                 "enable=on,target=native", "-kernel", folder_ / "chip.elf"},
                     .folder = folder_.path()});
    EXPECT_EQ(result.status, 0) << result.err;
    return result.out + result.err;  // qemu 7 says what the program says on standard error
  }
};

TEST_P(CortexM, HasTheDesktopsBits) {
  MICROGPT_NEED_PROGRAM("gcc");
  MICROGPT_NEED_PROGRAM("arm-none-eabi-gcc");
  MICROGPT_NEED_PROGRAM("qemu-system-arm");
  const std::string model = GetParam() == "q4.12" ? "first" : "latin";
  train(model);
  export_to("gpt.h", {model, "--to", "c-header", "--weights", GetParam()});
  compile("gcc", "host", {"-std=c99", "-ffp-contract=off"});
  const std::string desktop = output_of_tool({folder_ / "host", "report"});
  EXPECT_EQ(report_of_chip("mps2-an385", {"-mcpu=cortex-m3"}), desktop);
  EXPECT_EQ(
      report_of_chip("mps2-an386", {"-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"}),
      desktop);
}

INSTANTIATE_TEST_SUITE_P(Export, CortexM, testing::Values("float32", "int8", "q4.12"), name_of);

// Weights in 8 bits, code and table of texts.
TEST_F(ExportTest, TheDefaultModelFitsIn20KilobytesOfFlash) {
  MICROGPT_NEED_PROGRAM("arm-none-eabi-gcc");
  train("latin");
  export_to("gpt.h", {"latin", "--to", "c-header", "--weights", "int8"});
  put_file(folder_ / "gpt.c", "#define GPT_IMPLEMENTATION\n#include \"gpt.h\"\n");
  output_of_tool({"arm-none-eabi-gcc", "-std=c99", "-Os", "-mthumb", "-mcpu=cortex-m4",
                  "-ffreestanding", "-c", "gpt.c", "-o", "gpt.o"});
  const auto lines = lines_of(output_of_tool({"arm-none-eabi-size", "gpt.o"}));
  ASSERT_EQ(lines.size(), 2u);
  const long text = std::atol(lines[1].c_str());  // text data bss
  EXPECT_GT(text, 5000);
  EXPECT_LT(text, 20'000);
  EXPECT_NE(lines[1].find("\t      0\t      0\t"), std::string::npos) << "data: " << lines[1];
}

// Where an int has 16 bits.
TEST_F(ExportTest, CompilesForSmallInts) {
  Arguments command = {"sh", "-c",
                       "for c in clang clang-22 clang-19 clang-16 clang-14; do "
                       "$c -print-targets 2> /dev/null | grep -q avr && echo $c && break; done"};
  const std::string found = run_program({.command = command}).out;
  if (found.empty()) GTEST_SKIP() << "no clang for AVR is there";
  const std::string clang = found.substr(0, found.find('\n'));
  train("latin");
  put_file(folder_ / "gpt.c", "#define GPT_IMPLEMENTATION\n#include \"gpt.h\"\n");
  for (const char* weights : {"float32", "int8", "q4.12"}) {
    export_to("gpt.h", {"latin", "--to", "c-header", "--weights", weights});
    for (const Arguments& target :
         {Arguments{"--target=avr", "-mmcu=atmega2560"}, Arguments{"--target=msp430"}}) {
      output_of_tool(joined(joined({clang, "-std=c99", "-Os", "-ffreestanding", "-fsyntax-only"},
                                   joined(target, kWarnings)),
                            {"gpt.c"}));
    }
  }
}

TEST_F(ExportTest, PrefixIsInFrontOfEverything) {
  MICROGPT_NEED_PROGRAM("gcc");
  train("latin");
  for (const char* prefix : {"a", "Orc_2"}) {
    const std::string header = std::string(prefix) + ".h";
    export_to(header, {"latin", "--to", "c-header", "--weights", "int8", "--name", prefix});
    EXPECT_FALSE(contains(file(header), "gpt_")) << prefix;
    EXPECT_FALSE(contains(file(header), "GPT_")) << prefix;
  }
  // Two models in one program.
  put_file(folder_ / "two.c",
           "#define A_IMPLEMENTATION\n#define ORC_2_IMPLEMENTATION\n#include \"a.h\"\n"
           "#include \"Orc_2.h\"\nstatic struct a_state a;\nstatic struct Orc_2_state b;\n"
           "int main(void) { a_init(&a, 1); Orc_2_init(&b, 1); return 0; }\n");
  output_of_tool(joined({"gcc", "-std=c99", "two.c", "-o", "two"}, kWarnings));
  output_of_tool({folder_ / "two"});
}

TEST_F(ExportTest, TheGameOfTheExamplesPlays) {
  MICROGPT_NEED_PROGRAM("gcc");
  train("latin");
  export_to("names.h", {"latin", "--to", "c-header", "--weights", "int8", "--name", "names"});
  output_of_tool(joined(
      {"gcc", "-std=c99", "-I.", kSources + "/examples/game/game.c", "-o", "game"}, kWarnings));
  const auto lines = lines_of(output_of_tool({folder_ / "game"}));
  ASSERT_EQ(lines.size(), 5u);
  const auto people = [](const std::string& line) { return line.substr(line.find("):")); };
  EXPECT_EQ(people(lines[0]), people(lines[4]));
  EXPECT_EQ(people(lines[1]), people(lines[3]));
  EXPECT_NE(people(lines[0]), people(lines[1]));
  EXPECT_LE(lines_of(get_file(kSources + "/examples/game/game.c")).size(), 60u);
}

class PythonNames : public ExportTest, public testing::WithParamInterface<std::string> {};

TEST_P(PythonNames, AreTheProgramsFromTheSameSeed) {
  MICROGPT_NEED_PROGRAM("python3");
  const std::string model = GetParam();
  train(model);
  export_to("names.py", {model, "--to", "python"});
  const std::string count = model == "latin" ? "100" : "15";
  for (const char* temperature : {"0.5", "1.5", "0"}) {
    EXPECT_EQ(output_of_tool({"python3", "names.py", "--seed", "7", "--num", count, "--temperature",
                              temperature}),
              output_of({"sample", model, "--engine", "exact", "--seed", "7", "-n", count,
                         "--temperature", temperature}))
        << temperature;
  }
}

INSTANTIATE_TEST_SUITE_P(Export, PythonNames, testing::Values("latin", "first", "squared"));

// Reads what `sample --json` printed, and expects each probability in every bit.
constexpr char kCompareProbabilities[] = R"(
import json, sys, names
for line in sys.stdin:
    keys, values = [[] for _ in range(names.n_layer)], [[] for _ in range(names.n_layer)]
    token_id = names.BOS
    for pos_id, drawn in enumerate(json.loads(line)["tokens"]):
        logits = names.gpt(token_id, pos_id, keys, values)
        token_id = drawn["token"]
        probs = names.softmax([val * 0.8 ** -1 for val in logits])
        assert names.tokens[token_id] == drawn["text"], drawn
        assert probs[token_id] == drawn["probability"], (probs[token_id], drawn)
print("the same")
)";

TEST_P(PythonNames, HaveTheProgramsProbabilities) {
  MICROGPT_NEED_PROGRAM("python3");
  train(GetParam());
  export_to("names.py", {GetParam(), "--to", "python"});
  const std::string samples = output_of({"sample", GetParam(), "--engine", "exact", "--seed", "7",
                                         "-n", "10", "--temperature", "0.8", "--json"});
  EXPECT_EQ(output_of_tool({"python3", "-c", kCompareProbabilities}, samples), "the same\n");
}

TEST_F(ExportTest, PythonIsAModule) {
  MICROGPT_NEED_PROGRAM("python3");
  train("latin");
  export_to("names.py", {"latin", "--to", "python"});
  EXPECT_EQ(output_of_tool({"python3", "-c",
                            "import random, names; r = random.Random(7)\n"
                            "for _ in range(3): print(names.generate(r, temperature=0.8))"}),
            output_of({"sample", "latin", "--engine", "exact", "--seed", "7", "-n", "3",
                       "--temperature", "0.8"}));
}

// Every command that reads a model reads what was exported.
TEST_F(ExportTest, SafetensorsAndJsonAreModels) {
  train("first");
  const auto sha_of = [&](const std::string& model) {
    return nlohmann::json::parse(output_of({"info", model, "--json"}))["params_sha256"];
  };
  for (const char* target : {"safetensors", "json"}) {
    export_to("double", {"first", "--to", target, "--weights", "float64"});
    EXPECT_EQ(sha_of("double"), sha_of("first")) << target;
    EXPECT_EQ(output_of({"sample", "double"}), output_of({"sample", "first/model.json"}));
    EXPECT_EQ(output_of({"eval", "double", "--data", "data"}),
              output_of({"eval", "first", "--data", "data"}));
    export_to("single", {"first", "--to", target});
    EXPECT_NE(sha_of("single"), sha_of("first")) << target;
    EXPECT_EQ(output_of({"sample", "single", "-n", "5"}),
              output_of({"sample", "first/model.json", "-n", "5"}));
    export_to("again", {"single", "--to", target});
    EXPECT_EQ(file("again"), file("single")) << target;
  }
  EXPECT_EQ(output_of({"trace", "single", "Zo\u00eb", "--json"}).substr(0, 1), "{");
}

TEST_F(ExportTest, TextGoesToStandardOutput) {
  train("latin");
  export_to("gpt.h", {"latin", "--to", "c-header"});
  EXPECT_EQ(output_of({"export", "latin", "--to", "c-header"}), file("gpt.h"));
  export_to("model.bin", {"latin", "--to", "bin"});
  EXPECT_EQ(output_of({"export", "latin", "--to", "bin"}), file("model.bin"));
}

TEST_F(ExportTest, SaysWhatIsWrong) {
  write_data();
  output_of(tiny({}));
  const auto expect = [&](const Arguments& arguments, int status, const std::string& message) {
    put_file(folder_ / "file", "as it was");
    const RunResult result = run(joined({"export", "out", "--out", "file"}, arguments));
    EXPECT_EQ(result.status, status) << result.err;
    EXPECT_TRUE(contains(result.err, message)) << result.err;
    EXPECT_EQ(file("file"), "as it was");
  };
  expect({}, 2, "--to is required");
  expect({"--to", "c-heder"}, 1, "no target 'c-heder'");
  expect({"--to", "c-heder"}, 1, "did you mean c-header?");
  expect({"--to", "python", "--weights", "int8"}, 1,
         "python has no weights in int8, expected float64");
  expect({"--to", "bin", "--weights", "int9"}, 1, "weights: no such form");
  expect({"--to", "bin", "--name", "x"}, 2, "--name: is for c-header");
  expect({"--to", "python", "--data", "latin.txt"}, 2, "--data: says what rounding costs");
  for (const char* name : {"", "9a", "a-b", "_a", "\u00e9", "abcdefghijklmnopqrstuvwxyz"}) {
    expect({"--to", "c-header", "--name", name}, 1, "name: no beginning of C names");
  }
  expect({"--to", "bin", "--weights", "int8", "--data", "nothing"}, 1, "nothing");
  EXPECT_EQ(run({"export", "nothing", "--to", "bin"}).status, 1);
}

TEST_F(ExportTest, SaysThatNothingWasMeasured) {
  write_data();
  output_of(tiny({}));
  std::filesystem::remove(folder_ / "data");
  const std::string said = export_to("gpt.h", {"out", "--to", "c-header", "--weights", "int8"});
  EXPECT_TRUE(contains(said, "was not measured: ")) << said;
  EXPECT_TRUE(contains(file("gpt.h"), "was not measured: ")) << said;
}

}  // namespace
}  // namespace microgpt
