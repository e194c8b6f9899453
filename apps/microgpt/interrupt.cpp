#include "interrupt.h"

#include <csignal>
#include <initializer_list>

namespace microgpt {
namespace {

volatile std::sig_atomic_t caught = 0;

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

}  // namespace microgpt
