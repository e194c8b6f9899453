#include "cli/run_program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace microgpt {
namespace {

// A file without a name: unlike a pipe it never makes its writer wait.
int temporary_file(const std::string& content) {
  std::FILE* const file = std::tmpfile();
  const int descriptor = fcntl(fileno(file), F_DUPFD_CLOEXEC, 3);
  std::fclose(file);
  if (write(descriptor, content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
    throw std::runtime_error("a temporary file can't be written");
  }
  lseek(descriptor, 0, SEEK_SET);
  return descriptor;
}

std::string read_whole(int descriptor) {
  std::string content;
  std::array<char, 65536> buffer;
  lseek(descriptor, 0, SEEK_SET);
  for (ssize_t size; (size = read(descriptor, buffer.data(), buffer.size())) > 0;) {
    content.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return content;
}

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& changes) {
  std::map<std::string, std::string> merged = changes;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    merged.emplace(text.substr(0, text.find('=')), text.substr(text.find('=') + 1));
  }
  std::vector<std::string> entries;
  for (const auto& [name, value] : merged) entries.push_back(name + "=" + value);
  return entries;
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// A shell starts background jobs with signals ignored; the program should not inherit that.
void reset_signals(posix_spawnattr_t* attributes) {
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setsigdefault(attributes, &all);
  sigemptyset(&all);
  posix_spawnattr_setsigmask(attributes, &all);
  posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

}  // namespace

Process::Process(const RunOptions& options)
    : out_(options.output < 0 ? temporary_file("") : fcntl(options.output, F_DUPFD_CLOEXEC, 3)),
      err_(temporary_file("")),
      returns_output_(options.output < 0),
      limit_(options.limit) {
  const int in = temporary_file(options.input);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out_, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err_, STDERR_FILENO);
  posix_spawn_file_actions_addchdir_np(&actions, options.folder.c_str());
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  reset_signals(&attributes);
  const std::vector<std::string> environment = merged_environment(options.environment);
  const int error =
      posix_spawnp(&pid_, options.command[0].c_str(), &actions, &attributes,
                   pointers_to(options.command).data(), pointers_to(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(in);
  if (error != 0) throw std::runtime_error(options.command[0] + ": " + std::strerror(error));
}

Process::~Process() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(out_);
  close(err_);
}

void Process::send(int signal) const { kill(pid_, signal); }

bool Process::runs() const {
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  return info.si_pid == 0;
}

bool Process::try_wait(RunResult& result) {
  int status = 0;
  rusage usage{};
  if (wait4(pid_, &status, WNOHANG, &usage) != pid_) return false;
  pid_ = -1;
  result.killed = WIFSIGNALED(status);
  result.status = result.killed ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  result.peak_mib = static_cast<double>(usage.ru_maxrss) / 1024;
  return true;
}

RunResult Process::wait() {
  using namespace std::chrono_literals;
  RunResult result;
  while (!try_wait(result)) {
    if (std::chrono::steady_clock::now() - start_ > limit_) send(SIGKILL);
    std::this_thread::sleep_for(1ms);
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  if (returns_output_) result.out = read_whole(out_);
  result.err = read_whole(err_);
  return result;
}

RunResult run_program(const RunOptions& options) { return Process(options).wait(); }

}  // namespace microgpt
