#include <microgpt/dataset.h>
#include <microgpt/version.h>

#include <iostream>

// Reaches into the library far enough to need what it is itself linked with.
int main() {
  const microgpt::Dataset dataset("emma\nolivia\n", "consumer");
  std::cout << microgpt::version() << ' ' << dataset.sha256() << '\n';
}
