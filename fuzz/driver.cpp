// A main for fuzz targets where the compiler has no libFuzzer.
//
//   fuzz_x [-runs=N] [-seed=N] [file or folder]...
//
// Runs the target on each file, then on N inputs made from them by small changes: the same ones for
// the same seed. Unlike libFuzzer it does not watch which code an input reaches. An input that ends
// the program is left in the file crash-input.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// Sanitizers end the program by a signal, so that the input is kept; read by their run time.
extern "C" const char* __asan_default_options() { return "abort_on_error=1"; }
extern "C" const char* __ubsan_default_options() { return "abort_on_error=1:print_stacktrace=1"; }

namespace {

constexpr std::size_t kMaxInput = 1 << 16;

// Where a format is likely to break.
constexpr std::string_view kTokens[] = {"{",
                                        "}",
                                        "[",
                                        "]",
                                        "\"",
                                        ",",
                                        ":",
                                        "\\",
                                        "null",
                                        "true",
                                        "-",
                                        "-0",
                                        "0",
                                        "1",
                                        "1e999",
                                        "NaN",
                                        "1e-400",
                                        "18446744073709551615",
                                        "18446744073709551608",
                                        "9223372036854775808",
                                        "2147483648",
                                        "-1",
                                        "0.1",
                                        "[[[[[[[[[[[[[[[[[",
                                        "\"a\":1,\"a\":2",
                                        "\\ud800",
                                        "\\u0000",
                                        "\xEF\xBB\xBF",
                                        "\xC0\x80",
                                        "\xED\xA0\x80",
                                        "\xF4\x90\x80\x80",
                                        "\xF0\x9F\x98\x80",
                                        "\xE2\x80\xA8",
                                        "\xC2\x85",
                                        "\xC2\xA0",
                                        "\r",
                                        "\n",
                                        "\r\n",
                                        " ",
                                        "\t",
                                        "\x1C",
                                        std::string_view("\0", 1),
                                        "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
                                        "\xF8\x7F",
                                        "F64",
                                        "U32",
                                        "\"shape\"",
                                        "\"BOS\"",
                                        "\"data_offsets\"",
                                        "\"uchars\"",
                                        "\"stoi\"",
                                        "\"provenance\"",
                                        "\"__metadata__\""};

std::string current;  // the input that is being run

void save_current(int signal) {
  const int fd = ::open("crash-input", O_WRONLY | O_CREAT | O_TRUNC, 0666);
  const ssize_t written = ::write(fd, current.data(), current.size());
  std::fputs(written < 0 ? "\ncan't write crash-input\n" : "\ninput is in crash-input\n", stderr);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void run(std::string input) {
  current = std::move(input);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(current.data()), current.size());
}

std::vector<std::string> read_corpus(const std::vector<std::string>& paths) {
  std::vector<std::filesystem::path> files;
  for (const std::string& path : paths) {
    if (!std::filesystem::is_directory(path)) {
      files.emplace_back(path);
    } else {
      std::copy(std::filesystem::directory_iterator(path), {}, std::back_inserter(files));
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> corpus;
  for (const std::filesystem::path& path : files) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "%s: can't be read\n", path.c_str());
      std::exit(2);
    }
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return corpus;
}

// Makes inputs. Only raw numbers of the generator are used, which the standard defines: the
// distributions differ between libraries.
class Mutator {
 public:
  Mutator(const std::vector<std::string>& corpus, std::uint64_t seed)
      : corpus_(corpus), random_(seed) {}

  std::string next() {
    std::string input = any_seed();
    for (std::size_t changes = 1 + below(4); changes > 0; --changes) change(input);
    input.resize(std::min(input.size(), kMaxInput));
    return input;
  }

 private:
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }

  const std::string& any_seed() { return corpus_[below(corpus_.size())]; }

  // A place in a text, its end included.
  std::size_t place(const std::string& text) { return below(text.size() + 1); }

  std::string piece_of(const std::string& text) {
    return text.substr(place(text), below(below(64) + 1));
  }

  void change(std::string& input) {
    const std::size_t at = place(input);
    switch (below(6)) {
      case 0:
        if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
        return;
      case 1:
        if (at < input.size()) input[at] = static_cast<char>(below(256));
        return;
      case 2:
        input.erase(at, 1 + below(below(32) + 1));
        return;
      case 3:
        input.insert(at, kTokens[below(std::size(kTokens))]);
        return;
      case 4: {
        const std::string_view token = kTokens[below(std::size(kTokens))];
        input.replace(at, token.size(), token);
        return;
      }
      default:
        input.insert(at, piece_of(any_seed()));
    }
  }

  const std::vector<std::string>& corpus_;
  std::mt19937_64 random_;
};

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t runs = 0, seed = 1;
  std::vector<std::string> paths;
  for (const std::string_view argument : std::vector<std::string_view>(argv + 1, argv + argc)) {
    if (argument.starts_with("-runs=")) {
      runs = std::strtoull(argument.data() + 6, nullptr, 10);
    } else if (argument.starts_with("-seed=")) {
      seed = std::strtoull(argument.data() + 6, nullptr, 10);
    } else {
      paths.emplace_back(argument);
    }
  }
  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS, SIGILL}) {
    std::signal(signal, save_current);
  }
  std::vector<std::string> corpus = read_corpus(paths);
  for (const std::string& input : corpus) run(input);
  if (corpus.empty()) corpus.emplace_back();
  Mutator mutator(corpus, seed);
  for (std::uint64_t i = 0; i < runs; ++i) run(mutator.next());
  std::printf("%zu files and %llu inputs made from them: nothing found\n", corpus.size(),
              static_cast<unsigned long long>(runs));
}
