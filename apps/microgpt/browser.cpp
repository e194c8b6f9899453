#include "browser.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>

#include "message.h"

extern char** environ;

namespace microgpt {
namespace {

#ifdef __APPLE__
constexpr char kOpener[] = "open";
#else
constexpr char kOpener[] = "xdg-open";
#endif

void print_failure(const std::string& reason) {
  print_note(
      fmt::format("no browser was opened ({}: {}); open the address by hand", kOpener, reason));
}

}  // namespace

Browser::Browser(const std::string& address) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_RDWR, 0);
  }
  // A session of its own: Ctrl-C is for us.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t ignored;
  sigemptyset(&ignored);
  sigaddset(&ignored, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &ignored);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF);
  std::string opener = kOpener, argument = address;
  const std::array<char*, 3> arguments = {opener.data(), argument.data(), nullptr};
  const int error =
      posix_spawnp(&process_, kOpener, &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error == 0) return;
  process_ = -1;
  print_failure(std::strerror(error));
}

void Browser::check() {
  int status = 0;
  if (process_ < 0 || waitpid(process_, &status, WNOHANG) == 0) return;
  process_ = -1;
  if (status != 0) print_failure("it failed");
}

}  // namespace microgpt
