#include "interrupt.h"

#include <atomic>
#include <csignal>
#include <initializer_list>

namespace microgpt {
namespace {

// The handler may run on any thread.
std::atomic<int> caught = 0;
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void remember_signal(int signal) { caught = signal; }

}  // namespace

void catch_interrupts() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    if (sigaction(signal, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) continue;
    struct sigaction action {};
    action.sa_handler = remember_signal;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(signal, &action, nullptr);
  }
}

int caught_interrupt() { return caught; }

int interrupt_status() {
  const int signal = caught;
  return signal == 0 ? 0 : 128 + signal;
}

}  // namespace microgpt
