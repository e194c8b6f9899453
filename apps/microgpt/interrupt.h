// Stopping at a moment of our own choosing.
#pragma once

namespace microgpt {

// From now on the first SIGINT, SIGTERM or SIGHUP is only remembered; the next of the same kind
// ends the program at once. A signal that the parent process made us ignore stays ignored.
void catch_interrupts();

// The signal that came, 0 for none.
int caught_interrupt();

// The exit status that says so, as shells have it: 128 and the signal; 0 for none.
int interrupt_status();

}  // namespace microgpt
