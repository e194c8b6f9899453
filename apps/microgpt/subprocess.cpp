#include "subprocess.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <map>
#include <string_view>

#include "microgpt/error.h"
#include "process_tree.h"

extern char** environ;

namespace microgpt {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kTick{50};
constexpr milliseconds kMoment{1000};          // to end in, when all is said
constexpr std::size_t kErrorBytes = 4096;      // kept of standard error
constexpr std::size_t kBytesAtOnce = 1 << 16;  // so that no stream keeps us from the others

class Descriptor {
 public:
  Descriptor() = default;
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  void set(int number) { number_ = number; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_ = -1;
};

struct Pipe {
  Descriptor read, write;

  Pipe() {
    int ends[2];
    if (pipe(ends) != 0) throw Error(fmt::format("pipe: {}", std::strerror(errno)));
    read.set(ends[0]);
    write.set(ends[1]);
    for (const int end : ends) fcntl(end, F_SETFD, FD_CLOEXEC);
  }
};

void set_non_blocking(const Descriptor& descriptor) {
  fcntl(descriptor.get(), F_SETFL, fcntl(descriptor.get(), F_GETFL) | O_NONBLOCK);
}

std::vector<std::string> environment_with(
    const std::vector<std::pair<std::string, std::string>>& changes) {
  std::map<std::string, std::string> merged(changes.begin(), changes.end());
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = std::min(text.find('='), text.size());
    merged.emplace(text.substr(0, equals), text.substr(std::min(equals + 1, text.size())));
  }
  std::vector<std::string> entries;
  for (const auto& [name, value] : merged) entries.push_back(name + "=" + value);
  return entries;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

void limit(int resource, std::size_t most) {
  rlimit old{};
  if (getrlimit(resource, &old) != 0) return;
  const auto value = std::min(static_cast<rlim_t>(most), old.rlim_max);
  const rlimit now{value, value};
  setrlimit(resource, &now);
}

// Between fork and exec: what stands here may be done there. An address space limit is not among
// it, for Java, Go and others reserve far more than they use; memory is watched instead.
[[noreturn]] void become(char** command, char** environment, const SubprocessLimits& limits,
                         const Pipe& in, const Pipe& out, const Pipe& err, const Pipe& failure) {
  setsid();
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // where we are killed ourselves
#endif
  dup2(in.read.get(), STDIN_FILENO);
  dup2(out.write.get(), STDOUT_FILENO);
  dup2(err.write.get(), STDERR_FILENO);
  // A signal that we ignore would stay ignored.
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, limits.file_bytes);
  limit(RLIMIT_CPU, static_cast<std::size_t>(limits.time.count() / 1000 + 1) * 4);
  environ = environment;
  execvp(command[0], command);
  const int error = errno;
  const ssize_t written = write(failure.write.get(), &error, sizeof error);
  _exit(written == sizeof error ? 127 : 126);
}

// What a child of ours does, from its start to its end.
class Run {
 public:
  explicit Run(const SubprocessOptions& options) : options_(options) {
    adopt_orphans();
    start();
  }

  ~Run() {
    if (process_ > 0) kill_all(process_, process_);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  SubprocessResult wait() {
    while (!over()) exchange();
    result_.left_behind = kill_all(process_, process_);
    process_ = -1;
    drain();
    result_.seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    return std::move(result_);
  }

 private:
  void start() {
    std::vector<std::string> command = options_.command;
    std::vector<std::string> environment = environment_with(options_.environment);
    const std::vector<char*> arguments = pointers_to(command);
    const std::vector<char*> variables = pointers_to(environment);
    Pipe failure;
    process_ = fork();
    if (process_ < 0) throw Error(fmt::format("fork: {}", std::strerror(errno)));
    if (process_ == 0) {
      become(const_cast<char**>(arguments.data()), const_cast<char**>(variables.data()),
             options_.limits, in_, out_, err_, failure);
    }
    failure.write.close();
    in_.read.close();
    out_.write.close();
    err_.write.close();
    int error = 0;
    if (read(failure.read.get(), &error, sizeof error) == sizeof error) {
      throw Error(fmt::format("{}: can't be started, {}", command[0], std::strerror(error)));
    }
    set_non_blocking(in_.write);
    set_non_blocking(out_.read);
    set_non_blocking(err_.read);
  }

  // Feeds and reads for a moment, or until nothing more can come.
  void exchange() {
    std::array<pollfd, 3> entries = {pollfd{in_.write.get(), POLLOUT, 0},
                                     pollfd{out_.read.get(), POLLIN, 0},
                                     pollfd{err_.read.get(), POLLIN, 0}};
    poll(entries.data(), entries.size(), static_cast<int>(kTick.count() / 5));
    if (entries[0].revents != 0) feed();
    if (entries[1].revents != 0) take_output();
    if (entries[2].revents != 0) take_error();
  }

  void feed() {
    const std::string_view rest = std::string_view(options_.input).substr(fed_);
    const ssize_t written = rest.empty() ? 0 : write(in_.write.get(), rest.data(), rest.size());
    if (written > 0) fed_ += static_cast<std::size_t>(written);
    // It may have closed its input: then it just gets no more.
    const bool broken = written < 0 && errno != EAGAIN && errno != EINTR;
    if (broken || fed_ == options_.input.size()) in_.write.close();
  }

  // How many bytes were read; 0 at the end of the stream, below 0 if there are none now.
  static ssize_t take(Descriptor& from, std::string& to) {
    std::array<char, kBytesAtOnce> buffer;
    const ssize_t size = read(from.get(), buffer.data(), buffer.size());
    if (size > 0) to.append(buffer.data(), static_cast<std::size_t>(size));
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) from.close();
    return size;
  }

  bool take_output() {
    const std::size_t before = result_.output.size();
    const ssize_t size = take(out_.read, result_.output);
    if (size > 0) {
      last_output_ = Clock::now();
      bytes_ += static_cast<std::size_t>(size);
      const auto begin = result_.output.begin() + static_cast<std::ptrdiff_t>(before);
      lines_ += static_cast<std::size_t>(std::count(begin, result_.output.end(), '\n'));
    }
    return size > 0;
  }

  bool take_error() {
    const ssize_t size = take(err_.read, result_.error);
    if (size > 0) bytes_ += static_cast<std::size_t>(size);
    if (result_.error.size() > kErrorBytes) {
      result_.error.erase(0, result_.error.size() - kErrorBytes);
    }
    return size > 0;
  }

  // What is still in the pipes after the end. A process that nobody could find may go on writing.
  void drain() {
    for (int stream = 0; stream < 2; ++stream) {
      while (bytes_ <= options_.limits.output_bytes && (stream == 0 ? out_ : err_).read.is_open() &&
             (stream == 0 ? take_output() : take_error())) {
      }
    }
  }

  bool end(Ending ending) {
    result_.ending = ending;
    return true;
  }

  bool over() {
    siginfo_t info{};
    if (waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid == process_) {
      result_.status = info.si_status;
      return end(info.si_code == CLD_EXITED ? Ending::kExited : Ending::kSignal);
    }
    const Clock::time_point now = Clock::now();
    if (now - start_ > options_.limits.time) return end(Ending::kTimeLimit);
    if (bytes_ > options_.limits.output_bytes) return end(Ending::kOutputLimit);
    if (now - last_tick_ < kTick) return false;
    last_tick_ = now;
    options_.tick(lines_);
    return is_done(now) || uses_too_much();
  }

  // Whether it has said all that it will, and a moment has passed without a word.
  bool is_done(Clock::time_point now) {
    const bool answered =
        options_.expected_lines > 0 && lines_ >= options_.expected_lines && !in_.write.is_open();
    if (!answered && out_.read.is_open()) return false;
    if (done_ == Clock::time_point()) done_ = now;
    if (now - std::max(done_, last_output_) < kMoment) return false;
    return end(answered ? Ending::kDone : Ending::kClosedOutput);
  }

  bool uses_too_much() {
    reap_orphans(process_);
    const ProcessTree tree = find_descendants();
    const std::size_t most = options_.limits.memory_bytes;
    if (most > 0 && tree.resident_bytes > most) return end(Ending::kMemoryLimit);
    if (tree.processes.size() > options_.limits.processes ||
        tree.threads > options_.limits.threads) {
      return end(Ending::kProcessLimit);
    }
    return false;
  }

  const SubprocessOptions& options_;
  Pipe in_, out_, err_;
  pid_t process_ = -1;
  SubprocessResult result_;
  std::size_t fed_ = 0, bytes_ = 0, lines_ = 0;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_tick_ = start_;
  Clock::time_point last_output_ = start_;
  Clock::time_point done_{};
};

}  // namespace

SubprocessResult run_subprocess(const SubprocessOptions& options) { return Run(options).wait(); }

}  // namespace microgpt
